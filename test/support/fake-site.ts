import { type Tell } from '../../activities/perform';
import { type ActionContext, type Implementations } from '../../activities/implementation';
import { type ActionName, actions } from '../../workflows/contract/actions';
import { modelDocument } from '../sim/site/document';
import { isJob, SiteModel } from '../sim/site/model';

export { modelDocument as fakeDocument };

/** What a test makes happen when an action is carried out. */
export type Fault = (context: ActionContext) => Promise<void>;

/** A site in memory for workflows on a real server: every action acts at once, is remembered in order, and takes faults. */
export class FakeSite extends SiteModel {
  /** Every change that took effect, in order; launches and ends of jobs apart. */
  readonly changes: string[] = [];
  readonly stopped: string[] = [];
  /** Runs before the action takes effect. */
  readonly before = new Map<ActionName, Fault>();
  /** Runs after it took effect, before it is answered. */
  readonly after = new Map<ActionName, Fault>();

  constructor() {
    super(Date.now);
    this.changed = ({ what }) => {
      if (!/^(launched|finished|removed|archive|verified|job)/.test(what)) this.changes.push(what);
    };
  }

  /** What comes later in a plan finds what was only planned before it. */
  planned(action: ActionName, { aside }: { readonly aside?: string }): void {
    Object.assign(this.store, { staging: true, staged: 'planned', content: 'planned' });
    Object.assign(this, { unpacked: 'planned', pull: true, pullBack: true });
    const held = { content: 'planned', way: 'planned', runId: 'planned' };
    Object.assign(this.copies, { snapshotMade: true, snapshot: held, copy: held });
    const state = { keepAside: 'swapped', copyAside: 'kept' }[action as string] as 'swapped' | 'kept' | undefined;
    if (aside !== undefined && state) this.store.swaps.set(aside, { state, old: 'planned', facts: null });
  }

  /** As it was before anything was done. */
  asFound(): boolean {
    return (
      this.server === 'SHUTOFF' &&
      !this.mounted &&
      !this.workplace &&
      !this.pull &&
      !this.pullBack &&
      !this.store.staging &&
      !this.copies.snapshotMade &&
      this.production === 'production' &&
      this.running
    );
  }

  readonly loadSite = async (name: string | null) => this.siteFile(name);

  readonly tell: Tell = async (_targets, message) => {
    this.messages.push(message);
  };

  /** The code of every action, on this site. A description predicts what the action would return. */
  implementations(): Implementations {
    const entries = (Object.keys(actions) as ActionName[]).map((action) => [
      action,
      {
        do: async (input: never, context: ActionContext) => {
          await this.before.get(action)?.(context);
          const output = this.#act(action, input, context);
          await this.after.get(action)?.(context);
          return output;
        },
        describe: async (input: never, context: ActionContext) => {
          // What is described comes after what is only planned: the server runs, and but for the look at it the volume is there.
          const copy = Object.assign(new FakeSite(), { server: 'ACTIVE', mounted: action !== 'readVolume' });
          copy.running = !['takeSnapshot', 'copyStore', 'swapStore', 'returnStore'].includes(action) && this.running;
          copy.archives = [...this.archives];
          copy.planned(action, input);
          return { command: `do ${action}`, now: null, changes: true, output: copy.#act(action, input, context) };
        },
      },
    ]);
    return Object.fromEntries(entries) as Implementations;
  }

  #act(action: ActionName, input: never, context: ActionContext): unknown {
    const { call } = context;
    if (!isJob(action)) {
      if (action === 'stopJob') this.stopped.push((input as { key: string }).key);
      return this.perform(action, input, call);
    }
    this.launch(action, input, call);
    context.markJobStarted();
    this.finish(call.key);
    return this.jobs.get(call.key).output;
  }
}

/** Holds an action up until it is let go; answers when the action is there. */
export function gate(): { readonly fault: Fault; readonly reached: Promise<void>; readonly open: () => void } {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return {
    fault: async (context) => {
      reach();
      await Promise.race([opened, aborted(context.signal)]);
      context.signal.throwIfAborted();
    },
    reached,
    open: () => open(),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
