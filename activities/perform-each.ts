import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { definitionOf, type ReadName } from '../workflows/contract/actions';
import { type Call } from '../workflows/contract/calls';
import { looks, type Outcome, slices } from '../workflows/contract/each';
import { type Profile, profiles } from '../workflows/contract/profiles';
import { fail, failureDetailsOf, failureTypeOf } from './failures';
import { requireGuard } from './guarded';
import { type ActionContext, type Implementations } from './implementation';
import { attempt, type Carry, type Environment, type Memory, parse } from './perform';
import { type Slots } from './ssh/slots';

/** Heartbeats say what is done for as long as that takes no more than this; what is not said is looked at again. */
const mostSaidBytes = 64 * 1024;

/**
 * Makes the activity that carries out a slice of looks of one kind.
 *
 * Each has a time limit and retries of its own, those of its profile, and its failure is its outcome. What an earlier
 * attempt's heartbeat says of is not looked at again.
 * @param places shared by all slices of the worker
 */
export function performEach(
  action: ReadName,
  implementations: Implementations,
  { client }: Environment,
  places: Slots,
): (inputs: readonly unknown[], call: Call) => Promise<readonly Outcome[]> {
  const carry = implementations[action].do as Carry;
  return (inputs, call) =>
    attempt(call, true, async (context, memory) => {
      await requireGuard(client, call, Context.current().info.workflowExecution ?? call);
      setMaxListeners(0, context.signal);
      const done = new Done(inputs.length, context, memory);
      const each = inputs.map(async (input, index) => {
        if (done.has(index)) return;
        const leave = await places.take(context.signal);
        try {
          done.set(index, await outcomeOf(action, input, carry, context));
        } finally {
          leave();
        }
      });
      await Promise.allSettled(each);
      context.signal.throwIfAborted();
      await Promise.all(each);
      return done.outcomes;
    });
}

/** Of a slice: what has come out, told to who watches and to the next attempt. */
class Done {
  readonly outcomes: Outcome[] = [];
  readonly #said: (readonly [number, Outcome])[] = [];
  #count = 0;
  #saidBytes = 0;

  constructor(
    private readonly total: number,
    private readonly context: ActionContext,
    private readonly memory: Memory,
  ) {
    for (const [index, outcome] of memory.earlier.looked ?? []) this.set(index, outcome);
  }

  has(index: number): boolean {
    return this.outcomes[index] !== undefined;
  }

  set(index: number, outcome: Outcome): void {
    this.outcomes[index] = outcome;
    this.#saidBytes += JSON.stringify(outcome).length;
    if (this.#saidBytes <= mostSaidBytes) this.#said.push([index, outcome]);
    this.context.progress({ done: ++this.#count, total: this.total, unit: 'items' });
    this.memory.keep({ looked: this.#said });
  }
}

/**
 * Looks once, and again if that may help.
 * @throws only when the slice is to end
 */
async function outcomeOf(action: ReadName, rawInput: unknown, carry: Carry, slice: ActionContext): Promise<Outcome> {
  const definition = definitionOf(action);
  const { retry, startToClose }: Profile = profiles[definition.profile];
  for (let number = 1; ; number += 1) {
    try {
      const input = parse(action, rawInput);
      const withinMs = (definition.startToCloseSeconds?.(input) ?? startToClose) * 1000;
      const inTime = AbortSignal.timeout(withinMs);
      const output = await carry(input, {
        ...slice,
        call: { ...slice.call, title: definition.title(input) },
        signal: AbortSignal.any([slice.signal, inTime]),
        deadlineMs: Date.now() + withinMs,
        attempt: number,
        progress: () => undefined,
      }).catch((error: unknown) => {
        if (!inTime.aborted) throw error;
        throw fail('Unavailable', `no answer within ${withinMs / 1000} s`, {}, error);
      });
      return { output: small(definition.output.parse(output)) };
    } catch (error) {
      slice.signal.throwIfAborted();
      const { type, message } = failureOf(error);
      if (number >= looks.attempts || retry.not.includes(type))
        return { failure: { type, message: message.slice(0, slices.mostMessage) } };
      const waitMs = Math.min(retry.initial * retry.backoff ** (number - 1), retry.maximum) * 1000;
      await sleep(failureDetailsOf(error).retryAfterMs ?? waitMs, undefined, { signal: slice.signal });
    }
  }
}

function failureOf(error: unknown): Extract<Outcome, { failure: unknown }>['failure'] {
  const message = error instanceof Error ? error.message : String(error);
  return { type: (error instanceof ApplicationFailure && failureTypeOf(error)) || 'UnknownOutcome', message };
}

function small(output: unknown): unknown {
  const bytes = Buffer.byteLength(JSON.stringify(output));
  if (bytes <= slices.mostOutputBytes) return output;
  throw fail(
    'ResourceFailed',
    `the answer has ${bytes} bytes; ${slices.mostOutputBytes} is the most for one of many. Look at it by itself`,
  );
}
