import { styleFor } from '../render/style';
import { runLines } from './lines';
import { type Observation } from './observer';
import { Paces } from './rate';
import { type Screen, type ScreenOptions } from './screen';

const frameMs = 120;

/** On a terminal: redraws the block in place; lines that stay are written above it. */
export class LiveScreen implements Screen {
  readonly #paces = new Paces();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #frame = 0;
  #observation: Observation | undefined;

  constructor(readonly options: ScreenOptions) {
    this.#timer = setInterval(() => this.#draw(), frameMs);
    this.#timer.unref();
  }

  show(observation: Observation): void {
    this.#observation = observation;
    this.#draw();
  }

  say(line: string): void {
    this.#erase();
    this.options.stream.write(`${line}\n`);
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw();
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#observation) return;
    const { stream, env, now = Date.now } = this.options;
    const at = now();
    const lines = runLines(this.#observation, {
      now: at,
      width: Math.min(stream.columns || 100, 100),
      height: (stream.rows || 24) - 1,
      style: styleFor(stream, env),
      frame: this.#frame++,
      paceOf: ({ activityId, progress }) => progress && this.#paces.pace(activityId, progress, at),
    });
    this.#erase();
    stream.write(lines.map((line) => `${line}\n`).join(''));
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn) this.options.stream.write(`\u001b[${this.#drawn}A\u001b[0J`);
    this.#drawn = 0;
  }
}
