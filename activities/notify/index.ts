import { type NotifyTarget } from '../../workflows/contract/site';
import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { runCommand } from './command';
import { postWebhook } from './webhook';

/** What is sent; the text is for people and holds no secret. */
export interface Notification {
  readonly kind: string;
  /** Workflow id. */
  readonly run: string;
  readonly text: string;
  readonly at: string;
  readonly site: string;
}

export interface NotifyDependencies {
  /** Holds the webhooks that are secrets. */
  readonly env: NodeJS.ProcessEnv;
  readonly clock: { now(): number };
  /** For one target. @default 6000 */
  readonly timeoutMs?: number;
}

/** Tells people. A target may be told twice, when another one could not be told the first time. */
export function notifyActions({ env, clock, timeoutMs = 6_000 }: NotifyDependencies): Pick<Implementations, 'notify'> {
  return {
    notify: {
      async do({ targets, kind, run, text }, { call, signal }) {
        const notification = { kind, run, text, at: new Date(clock.now()).toISOString(), site: call.site };
        const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        const told = await Promise.allSettled(targets.map((target) => tell(target, notification, until)));
        signal.throwIfAborted();
        const problems = told.flatMap((each, index) => {
          const target = targets[index];
          return each.status === 'rejected' && target ? [`${nameOf(target)}: ${reason(each.reason)}`] : [];
        });
        if (problems.length > 0)
          throw fail('Unavailable', `not told: ${problems.join('; ')}`, { target: 'people', operation: 'notify' });
        return {};
      },
      async describe({ targets, kind }) {
        const command =
          targets.length > 0 ? targets.map((target) => `tell ${kind}: ${nameOf(target)}`).join('; ') : 'tell nobody';
        return { command, now: null, changes: targets.length > 0, output: {} };
      },
    },
  };

  async function tell(target: NotifyTarget, notification: Notification, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(notification);
    if ('command' in target) return runCommand(target.command, body, signal);
    if ('webhook' in target) return postWebhook(target.webhook, body, signal);
    const url = env[target.webhookFromEnv];
    if (!url) throw new Error('the worker has no such variable');
    return postWebhook(url, body, signal);
  }
}

/** A target without what may be secret of it. */
function nameOf(target: NotifyTarget): string {
  if ('command' in target) return `command ${target.command[0]}`;
  if ('webhook' in target) return `webhook at ${new URL(target.webhook).host}`;
  return `webhook of ${target.webhookFromEnv}`;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason given';
}
