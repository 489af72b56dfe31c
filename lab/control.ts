import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathsOf, type Paths } from './paths';
import { endProcess } from './processes';
import { findRunning, isLab, type RunningLab } from './running';
import { Refused } from './refusal';
import { type LabStatus } from './status';
import { TemporalServer } from './temporal';

export { Refused };
export { type LabStatus };

export interface LabUpOptions {
  /** Everything the lab keeps lies here; two directories are two labs. */
  readonly directory: string;
  /** The Temporal CLI that runs its server. */
  readonly temporalBinary: string;
  /** Told what takes time. */
  readonly say: (line: string) => void;
  /** @default the process's own */
  readonly env?: NodeJS.ProcessEnv;
}

const LAUNCH_WITHIN_MS = 20_000;
const DOWN_WITHIN_MS = 30_000;

/** Brings a lab up in the background, or what of it is not up; returns when Temporal answers and production serves. */
export async function labUp({ directory, temporalBinary, say, env = process.env }: LabUpOptions): Promise<LabStatus> {
  const paths = pathsOf(directory);
  const running = findRunning(paths) ?? (await launch(paths, env));
  return stream(running, '/up', { temporalBinary }, say);
}

/** Ends everything that belongs to the lab; returns when nothing of it runs. What is stored stays. */
export async function labDown(directory: string): Promise<void> {
  const paths = pathsOf(directory);
  const running = findRunning(paths);
  if (running) {
    const down = ask(running, 'POST', '/down').catch(() => undefined);
    await Promise.race([down, sleep(DOWN_WITHIN_MS, undefined, { ref: false })]);
    await endProcess(running.pid, (line) => isLab(paths, line), 2_000);
  }
  await new TemporalServer(paths).stop(); // it outlives a lab that was killed
}

/** Null if no lab runs there. @throws Error while it is coming up */
export async function labStatus(directory: string): Promise<LabStatus | null> {
  const running = findRunning(pathsOf(directory));
  return running && ((await ask(running, 'GET', '/status')) as LabStatus);
}

/** Asks the lab's control API. @throws Refused, with its words, or Error if something went wrong */
export async function labControl(directory: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const running = findRunning(pathsOf(directory));
  if (!running) throw new Error(`no lab is up in ${directory}`);
  return path === '/reset' ? stream(running, path, body, () => undefined) : ask(running, method, path, body);
}

async function launch(paths: Paths, env: NodeJS.ProcessEnv): Promise<RunningLab> {
  mkdirSync(paths.log, { recursive: true });
  const logFile = join(paths.log, 'daemon.log');
  const log = openSync(logFile, 'a');
  // The last word tells this process from one of a directory whose name is longer.
  const words = [join(__dirname, 'daemon.js'), paths.directory, 'lab'];
  const daemon: ChildProcess = spawn(process.execPath, words, {
    cwd: '/',
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  daemon.unref();
  for (const until = Date.now() + LAUNCH_WITHIN_MS; ; await sleep(20)) {
    const running = findRunning(paths); // perhaps one that somebody else has just started
    if (running) return running;
    if ((daemon.exitCode ?? 0) === 0 && Date.now() < until) continue;
    const last = readFileSync(logFile, 'utf8').trim().split('\n').slice(-8).join('\n');
    throw new Error(`its process does not come up; ${logFile} ends with\n${last}`);
  }
}

async function ask(running: RunningLab, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await send(running, method, path, body);
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk as string;
  const value = JSON.parse(text) as { error?: string };
  if (answer.statusCode === 200) return value;
  throw answer.statusCode === 400 ? new Refused(value.error) : new Error(value.error);
}

/** A request whose answer tells how it goes. */
async function stream(
  running: RunningLab,
  path: string,
  body: unknown,
  say: (line: string) => void,
): Promise<LabStatus> {
  for await (const line of createInterface({ input: await send(running, 'POST', path, body) })) {
    const told = JSON.parse(line) as { say?: string; status?: LabStatus; error?: string };
    if (told.say !== undefined) say(told.say);
    if (told.error !== undefined) throw new Error(told.error);
    if (told.status) return told.status;
  }
  throw new Error('the lab has ended meanwhile');
}

/** No time limit: coming up takes as long as it takes. */
function send({ url, token }: RunningLab, method: string, path: string, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = request(`${url}${path}`, { method, headers, agent: false }, resolve);
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
