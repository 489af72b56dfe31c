import { createHash } from 'node:crypto';
import { type BlowName, blowNames, blows, momentsFor } from './blows';
import { type Case } from './case';
import { type Moment } from './moments';
import { type SubjectName } from './subjects';

export interface Selection {
  readonly subject: SubjectName;
  readonly seed: number;
  /** @default all */
  readonly blows?: readonly BlowName[];
  /** Numbers of moments; they are taken whatever the blow. @default those of the blow */
  readonly moments?: readonly number[];
  /** Names of activities: only moments of these. @default all */
  readonly activities?: readonly string[];
  /** Every blow at every moment. @default those of the blow */
  readonly all?: boolean;
  /** So many of them, with every kind of blow as often as can be. @default all */
  readonly sample?: number;
}

/** The cases of a sweep, in an order that the seed decides. */
export function casesOf(recorded: readonly Moment[], selection: Selection): readonly Case[] {
  const { subject, seed, sample, all = false, moments: wanted, activities } = selection;
  const cases = (selection.blows ?? blowNames).flatMap((blow) => {
    const taken = wanted
      ? recorded.filter(({ id }) => wanted.includes(id))
      : all
        ? recorded
        : momentsFor(blows[blow], recorded);
    return shuffled(
      taken
        .filter(({ name }) => activities?.includes(name.replace(/^end of /, '')) ?? true)
        .map((moment): Case => ({ subject, blow, moment, seed })),
      seed,
    ).map((each, turn) => ({ each, turn }));
  });
  if (sample === undefined)
    return shuffled(
      cases.map(({ each }) => each),
      seed,
    );
  // One of every blow, then another of every blow, and so on; which blow is the first is for the seed to say.
  const byPlace = shuffled(
    cases.map(({ each }) => each),
    seed,
  );
  const turns = new Map(cases.map(({ each, turn }) => [each, turn]));
  return [...byPlace].sort((a, b) => (turns.get(a) ?? 0) - (turns.get(b) ?? 0)).slice(0, sample);
}

function shuffled(cases: readonly Case[], seed: number): readonly Case[] {
  const placed = cases.map((each) => {
    const { edge, name, nth } = each.moment;
    const place = createHash('sha256').update([seed, each.blow, edge, name, nth].join('\n'));
    return { each, place: place.digest('hex') };
  });
  return placed.sort((a, b) => (a.place < b.place ? -1 : 1)).map(({ each }) => each);
}
