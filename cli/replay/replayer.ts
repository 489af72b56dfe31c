import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { IllegalStateError } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type InjectedSinks,
  makeTelemetryFilterString,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { projectRoot } from '../../workers/project';
import { type HistoryEvent } from '../report/history';
import { askedCommands } from './asked';
import { type Asked, type Recorded } from './command';
import { linesOf } from './lines';
import { factsOf, recordedCommands, type RunFacts } from './recorded';
import { type Activation, type TraceSinks } from './tracer';

/** A history and what it is called by. */
export interface Source {
  readonly name: string;
  readonly events: readonly HistoryEvent[];
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
  const workflowBundle = await bundleOf(directory);
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
  const options = { workflowBundle, sinks, interceptors: { workflowModules: tracer }, reuseV8Context: false };
  for await (const { error } of Worker.runReplayHistories(options, feed())) {
    if (!source) return;
    const { events } = source as Source;
    const facts = factsOf(events);
    const asked = askedCommands(activations, facts, lineOf).filter(({ task }) => error || task <= facts.lastTask);
    yield { source, facts, recorded: recordedCommands(events), asked, error: error ?? null };
  }
}

const tracer = [join(projectRoot, 'cli', 'replay', 'tracer.ts')];
const bundles = new Map<string, ReturnType<typeof bundleWorkflowCode>>();

/** Made once in a process. */
function bundleOf(directory: string): ReturnType<typeof bundleWorkflowCode> {
  const made = bundles.get(directory);
  if (made) return made;
  const bundle = bundleWorkflowCode({
    workflowsPath: join(directory, 'workflows', 'index.ts'),
    workflowInterceptorModules: tracer,
    logger: new DefaultLogger('ERROR', () => undefined),
  });
  bundles.set(directory, bundle);
  return bundle;
}

/** The SDK logs every failed replay; what it says is in the result. */
function install(): void {
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  const logger = new DefaultLogger('ERROR', () => undefined);
  try {
    Runtime.install({ logger, shutdownSignals: [], telemetryOptions: { logging: { filter, forward: {} } } });
  } catch (error) {
    // The process has one already, and there can be only one: that one logs as it was told to.
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
