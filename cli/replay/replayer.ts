import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  makeTelemetryFilterString,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { projectRoot } from '../../workers/project';
import { askedCommands } from './asked';
import { type Asked, type Recorded } from './command';
import { type HistoryEvents } from './history';
import { linesOf } from './lines';
import { factsOf, recordedCommands, type RunFacts } from './recorded';
import { type Activation, type TraceSinks } from './tracer';

/** A history and what it is called by. */
export interface Source {
  readonly name: string;
  readonly events: HistoryEvents;
  /** The file it comes from; null for a run on a server. */
  readonly file: string | null;
}

/** What today's code did with a history. */
export interface Replayed {
  readonly source: Source;
  readonly facts: RunFacts;
  readonly recorded: readonly Recorded[];
  /** Up to where the replay ended; what lies beyond the last task of the history is left out unless it was refused. */
  readonly asked: readonly Asked[];
  /** Why Temporal refused it, or how the code failed; null when it took every event. */
  readonly error: Error | null;
}

/**
 * Replays histories against the workflow code of today, made into a bundle from the sources, in their order.
 *
 * Nothing is carried out: activities are not called, nobody is signalled.
 * @param root the directory that holds `workflows/`
 * @throws if the workflows cannot be bundled
 */
export async function* replayHistories(
  root: string,
  sources: AsyncIterable<Source> | Iterable<Source>,
): AsyncGenerator<Replayed> {
  install();
  const directory = realpathSync(root);
  const interceptors = [join(projectRoot, 'cli', 'replay', 'tracer.ts')];
  const logger = new DefaultLogger('ERROR', () => undefined);
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: join(directory, 'workflows', 'index.ts'),
    workflowInterceptorModules: interceptors,
    logger,
  });
  const lineOf = linesOf(workflowBundle.code, directory);
  let activations: Activation[] = [];
  let source: Source | null = null;
  const sinks: InjectedSinks<TraceSinks> = {
    trace: { asked: { callDuringReplay: true, fn: (_info, activation) => void activations.push(activation) } },
  };
  // One at a time: the next is asked for when the last has been replayed.
  async function* feed() {
    for await (const next of sources) {
      source = next;
      activations = [];
      yield { workflowId: factsOf(next.events).workflowId, history: { events: [...next.events] } };
    }
  }
  const options = { workflowBundle, sinks, interceptors: { workflowModules: interceptors }, reuseV8Context: false };
  for await (const { error } of Worker.runReplayHistories(options, feed())) {
    if (!source) return;
    const { events } = source as Source;
    const facts = factsOf(events);
    const asked = askedCommands(activations, facts, lineOf).filter(({ task }) => error || task <= facts.lastTask);
    yield { source, facts, recorded: recordedCommands(events), asked, error: error ?? null };
  }
}

let installed = false;

/** The SDK logs every failed replay; what it says is in the result. */
function install(): void {
  if (installed) return;
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  const logger = new DefaultLogger('ERROR', () => undefined);
  Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter, forward: {} } } });
  installed = true;
}
