import { clockText, durationText } from '../render/amounts';
import { askLines, progressText } from './lines';
import { type Observation, type UnderWay } from './observer';
import { stepsToShow } from '../report/report';
import { Paces } from './rate';
import { type Screen, type ScreenOptions } from './screen';

const progressEveryMs = 5_000;

/** A line whenever something begins, ends or goes wrong, and every five seconds for what takes long. */
export class PlainScreen implements Screen {
  readonly #said = new Set<string>();
  readonly #paces = new Paces();
  readonly #progressAt = new Map<string, number>();

  constructor(readonly options: Pick<ScreenOptions, 'stream' | 'now'>) {}

  show({ report, underWay, waitsFor, asks }: Observation): void {
    if (waitsFor) this.#once(`waits for ${waitsFor.heldBy} (${waitsFor.position} in line)`);
    stepsToShow(report).forEach((step, index) => {
      const { title, state, startedAt, endedAt, attempts } = step;
      if (state === 'running') this.#once(title, `${index} started`);
      else {
        const took = durationText(Date.parse(endedAt ?? startedAt) - Date.parse(startedAt));
        const again = attempts > 1 ? `, ${attempts} attempts` : '';
        this.#once(`${title}: ${state} (${took}${again})`, `${index} ended`);
      }
    });
    if (asks) for (const line of askLines(asks, report.workflowId)) this.#once(line, `${asks.askedAt} ${line}`);
    for (const activity of underWay) this.#showUnderWay(activity);
    for (const title of report.guard.restored) this.#once(`the guard restored: ${title}`);
  }

  say(line: string): void {
    const { stream, now = Date.now } = this.options;
    stream.write(`${clockText(new Date(now()))} ${line}\n`);
  }

  end(): void {}

  #showUnderWay({ activityId, title, attempt, progress, trouble, byGuard }: UnderWay): void {
    if (byGuard) this.#once(`the guard: ${title}`, activityId);
    if (trouble) this.#once(`${title}: attempt ${attempt}, before: ${trouble}`, `${activityId} ${attempt}`);
    if (!progress) return;
    const at = (this.options.now ?? Date.now)();
    const pace = this.#paces.pace(activityId, progress, at);
    if (at - (this.#progressAt.get(activityId) ?? at - progressEveryMs) < progressEveryMs) return;
    this.#progressAt.set(activityId, at);
    this.say(`${title}: ${progressText(progress, pace)}`);
  }

  #once(line: string, key = line): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.say(line);
  }
}
