/** Data that was copied: what it is, how, and for which run. */
export interface Held {
  readonly content: string;
  readonly way: string;
  readonly runId: string;
}

/** The data on its way into an archive: in the snapshot beside the store, in the workplace, in archives. */
export class Copies {
  /** The directory beside the store is made, and what it holds once a snapshot in it is whole. */
  snapshotMade = false;
  snapshot: Held | null = null;
  copy: Held | null = null;
  readonly archived = new Map<string, Held>();

  setSnapshot(made: boolean): void {
    this.snapshotMade = made;
    this.snapshot = null;
  }
}
