import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Outage } from './outages';

/** One line of the file. */
type Entry = { ack: string } | { reads: number } | { outage: Outage };

/** What the visitor has seen, in a file that outlives the lab: an acknowledged write is in it before it counts. */
export class Journal {
  readonly acknowledged: string[] = [];
  readonly outages: Outage[] = [];
  reads = 0;
  readonly #file: number;

  constructor(file: string) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    for (const line of text.split('\n')) this.#take(parse(line));
    this.#file = openSync(file, 'a');
    // A line cut short by a kill must not swallow the next one.
    if (text !== '' && !text.endsWith('\n')) writeSync(this.#file, '\n');
  }

  add(entry: Entry): void {
    writeSync(this.#file, JSON.stringify(entry) + '\n');
    this.#take(entry);
  }

  close(): void {
    closeSync(this.#file);
  }

  #take(entry: Entry | undefined): void {
    if (!entry) return;
    if ('ack' in entry) this.acknowledged.push(entry.ack);
    else if ('outage' in entry) this.outages.push(entry.outage);
    else this.reads += entry.reads;
  }
}

function parse(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
