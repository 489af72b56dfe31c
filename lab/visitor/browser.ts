import { type Agent, request } from 'node:http';
import { TITLES } from '../application/pages';
import { type Sight } from './outages';

/** An answer, or the way in which none came. */
export interface Glimpse {
  readonly sight: Sight;
  readonly status: number;
  readonly body: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface Visit {
  readonly url: URL;
  /** Keep-alive agent, or false for a connection of its own. */
  readonly agent: Agent | false;
  /** Sent as JSON by POST. Without one the request is a GET. */
  readonly post?: unknown;
}

const PATIENCE_MS = 5_000;

/** Sends one request and tells what a person would have seen. Never throws. */
export async function visit({ url, agent, post }: Visit): Promise<Glimpse> {
  const startedAt = now();
  const done = (sight: Sight, status = 0, body = ''): Glimpse => ({ sight, status, body, startedAt, endedAt: now() });
  return new Promise((resolve) => {
    const payload = post === undefined ? undefined : JSON.stringify(post);
    const headers = payload ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) } : {};
    const sent = request(url, { method: payload ? 'POST' : 'GET', headers, agent, timeout: PATIENCE_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => resolve(done('cut')));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const status = answer.statusCode ?? 0;
        resolve(done(judge(status, body), status, body));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(done(error.code === 'ECONNRESET' ? 'cut' : 'error')));
    sent.end(payload);
  });
}

/** Pages are told by their titles. JSON has none: whatever it says, even "no such post", the application said it. */
function judge(status: number, body: string): Sight {
  const title = /<title>(.*?)<\/title>/.exec(body)?.[1];
  if (title === TITLES.fallback) return 'fallback';
  return status < 500 && (title === undefined || title === TITLES.production) ? 'production' : 'error';
}

/** Epoch milliseconds that do not step with the clock and are finer than a millisecond. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
