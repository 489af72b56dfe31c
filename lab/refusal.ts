/** What was asked of the lab makes no sense; the message says what would. */
export class Refused extends Error {}

/** The one of a closed list that was asked for. @throws Refused listing them */
export function oneOf<const T extends string>(what: string, asked: unknown, all: readonly T[]): T {
  const found = all.find((name) => name === asked);
  if (found === undefined) throw new Refused(`${what}: found ${String(asked)}, expected one of ${all.join(', ')}`);
  return found;
}
