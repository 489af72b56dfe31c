import { setTimeout as sleep } from 'node:timers/promises';

/** Returns once the condition holds. @throws Error naming it if it does not within the time. @default 10 s */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000) {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}
