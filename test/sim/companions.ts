import { type ActionName, type InputOf } from '../../workflows/contract/actions';
import { type Call } from '../../workflows/contract/calls';
import { type Ending, type Execution as Watched, type LockRequest } from '../../workflows/contract/companions';
import { catalogueIdOf, companions, guardQueueOf, lockIdOf, messages } from '../../workflows/contract/messages';
import { reportOf } from '../../activities/archive/catalogue';
import { fail } from '../../activities/failures';
import { lastLandingOf } from '../../activities/temporal/last-landing';
import { type Clock } from './clock';
import { type Random } from './random';
import { type SiteModel } from './site/model';
import { type Attempt } from './temporal/activity-task';
import { type TemporalServer } from './temporal/server';

type Answer = (delayMs: number, answer: () => void) => void;

/** The activities that ask the Temporal server, on the simulated one; see `activities/temporal/companions.ts`. */
export class Companions {
  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly server: TemporalServer,
    private readonly site: SiteModel,
  ) {}

  carryOut(attempt: Attempt, answer: Answer): void {
    const { task, number } = attempt;
    const [argument] = task.args;
    if (task.type === 'awaitEnd') return this.#awaitEnd(attempt, argument as Watched, answer);
    const delayMs = this.random.duration(2, 200, task.type, task.run.id, number, this.clock.nowMs);
    answer(delayMs, () => {
      try {
        task.complete(attempt, this.#do(task.type, argument));
      } catch (error) {
        task.fail(attempt, error);
      }
    });
  }

  /** Actions that are messages to a companion; undefined for all others. */
  act(action: ActionName, input: unknown, { site, workflowId }: Call): object | undefined {
    if (action === 'recordDrill') {
      this.#tellCatalogue(site, messages.drilled, (input as InputOf<'recordDrill'>).drill);
      return {};
    }
    if (action !== 'updateCatalogue') return undefined;
    const update = input as InputOf<'updateCatalogue'>;
    this.#tellCatalogue(site, messages.catalogued, reportOf(update, this.site.siteFile(site), workflowId));
    this.site.catalogue = [...update.backups];
    return {};
  }

  #tellCatalogue(site: string, signal: string, content: unknown): void {
    this.#signalWithStart(catalogueIdOf(site), companions.catalogue, [{ site }], signal, [content]);
  }

  #do(type: string, argument: unknown): unknown {
    switch (type) {
      case 'loadSite':
        return this.site.siteFile(argument as string | null);
      case 'requestLock': {
        const request = argument as LockRequest;
        const start = [{ site: request.site }];
        return this.#signalWithStart(lockIdOf(request.site), companions.lock, start, messages.lockRequest, [request]);
      }
      case 'cancelRun': {
        const { workflowId, runId } = argument as Watched;
        const run = this.server.find(workflowId, runId);
        return run && this.server.cancel(run);
      }
      case 'lastLanding': {
        const { workflowId, runId } = argument as Watched;
        const run = this.server.find(workflowId, runId);
        return lastLandingOf({ events: (run?.history ?? []) as never }, this.clock.nowMs);
      }
      default:
        throw fail('InvalidInput', `the simulation knows no activity ${type}`);
    }
  }

  #signalWithStart(id: string, type: string, args: unknown[], signal: string, signalArgs: unknown[]): void {
    this.server.start({ workflowId: id, type, queue: guardQueueOf('runbooks'), args });
    this.server.signal(id, null, signal, signalArgs);
  }

  /** Looks twice a second. */
  #awaitEnd(attempt: Attempt, watched: { workflowId: string; runId: string | null }, answer: Answer): void {
    const { task } = attempt;
    let run = this.server.find(watched.workflowId, watched.runId);
    const end = (ending: Ending) =>
      answer(this.random.integer(5, 500, 'poll', task.run.id), () => task.complete(attempt, ending));
    attempt.onCancel = () => answer(this.random.integer(5, 1000, 'cancel', task.run.id), () => task.canceled(attempt));
    const follow = (): void => {
      if (!run) return end('gone');
      const { outcome } = run;
      if (!outcome) return void run.closed.push(follow);
      if (outcome.kind !== 'continued') return end(outcome.kind);
      run = this.server.find(watched.workflowId, outcome.next);
      return follow();
    };
    follow();
  }
}
