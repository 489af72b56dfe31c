import { type Progress } from '../../activities/implementation';

/** How fast something goes, and when it will be done. */
export interface Pace {
  readonly perSecond: number;
  readonly leftMs: number | null;
}

interface Sample {
  readonly done: number;
  readonly at: number;
}

/** Paces of several activities, each measured over its last ten seconds. */
export class Paces {
  readonly #samples = new Map<string, Sample[]>();

  /** Takes in how far an activity is; null until there is enough to tell. */
  pace(activityId: string, { done, total }: Progress, at: number): Pace | null {
    const samples = (this.#samples.get(activityId) ?? []).filter((sample) => at - sample.at <= 10_000);
    // Heartbeats come less often than looks: a number seen twice says nothing about the pace.
    if (samples.at(-1)?.done !== done) samples.push({ done, at });
    this.#samples.set(activityId, samples);
    const first = samples[0];
    const last = samples.at(-1);
    if (!first || !last || last.at === first.at) return null;
    const perSecond = ((last.done - first.done) * 1000) / (last.at - first.at);
    if (perSecond <= 0) return null;
    return { perSecond, leftMs: total === undefined ? null : Math.max(0, ((total - done) * 1000) / perSecond) };
  }
}
