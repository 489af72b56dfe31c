import { type BackupRecord } from '../../workflows/contract/actions/archives';

/**
 * Where the archives of a site live, whatever keeps them.
 *
 * Every operation looks before it acts and may be repeated. A place that is not there is `ResourceFailed`, never empty.
 */
export interface ArchiveStore {
  /** The records of a site's archives, newest first; what cannot be read is listed as not verified. */
  list(site: string, signal: AbortSignal): Promise<BackupRecord[]>;
  /** Removes an archive and everything about it. @returns false: it was gone already */
  remove(name: string, signal: AbortSignal): Promise<boolean>;
  /** Takes an archive's verification away and keeps the reason. @returns false: it had none */
  distrust(name: string, why: string, signal: AbortSignal): Promise<boolean>;
  /** The exact commands of these operations, for plans. */
  readonly rendered: {
    list(): string;
    remove(name: string): string;
    distrust(name: string, why: string): string;
  };
}
