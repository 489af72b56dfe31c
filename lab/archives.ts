import { closeSync, existsSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Refused } from './refusal';

const NAME = /\.tar\.(zst|gz)$/;
const LOOK_EVERY_MS = 10;

const nameOf = (path: string) => basename(path);

/** The archives on a volume, as files of the machine. */
export class Archives {
  #waiting: NodeJS.Timeout | undefined;

  constructor(private readonly volume: string) {}

  /**
   * Flips a byte in the middle of an archive, given by its name or `latest`; returns its path on the volume.
   * @throws Refused listing what there is
   */
  corrupt(name: string): string {
    const files = this.#files();
    const byAge = [...files].sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
    const file = name === 'latest' ? byAge[0] : files.find((candidate) => nameOf(candidate) === name);
    if (!file) throw new Refused(`no archive ${name}; there are: ${files.map(nameOf).join(', ') || 'none'}`);
    flipByte(file);
    return file.slice(this.volume.length + 1);
  }

  /** Does that to the next archive that appears under its final name, at once. */
  corruptNext(): void {
    this.clear();
    const before = new Set(this.#files());
    this.#waiting = setInterval(() => {
      const file = this.#files().find((candidate) => !before.has(candidate));
      if (!file) return;
      flipByte(file);
      this.clear();
    }, LOOK_EVERY_MS);
  }

  /** Waits for no archive any more. What is corrupt stays so. */
  clear(): void {
    clearInterval(this.#waiting);
    this.#waiting = undefined;
  }

  #files(): string[] {
    if (!existsSync(this.volume)) return [];
    return readdirSync(this.volume, { recursive: true, encoding: 'utf8' })
      .filter((name) => NAME.test(name))
      .map((name) => join(this.volume, name));
  }
}

function flipByte(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const middle = Math.floor(statSync(path).size / 2);
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, middle);
    writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, middle);
  } finally {
    closeSync(file);
  }
}
