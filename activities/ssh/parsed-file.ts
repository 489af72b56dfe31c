import { readFileSync, statSync } from 'node:fs';

/** A file kept parsed in memory and read again when it has changed. A file that is not there is `undefined`. */
export class ParsedFile<T> {
  private stamp = '';
  private value: T | undefined;

  constructor(
    readonly path: string,
    private readonly parse: (text: string) => T,
  ) {}

  read(): T | undefined {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const stamp = stat ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : 'absent';
    if (stamp !== this.stamp) {
      this.value = stat && this.parse(readFileSync(this.path, 'utf8'));
      this.stamp = stamp;
    }
    return this.value;
  }
}
