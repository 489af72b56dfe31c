import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { type Client } from 'pg';
import { CommandFailure, cannotDial } from './failure';

/** What a server does when it is asked to over HTTP: the real one does it over the SQL port, PostgreSQL cannot. */
export type Order = 'drain' | 'stop' | 'settle' | 'statement' | 'snapshot' | 'jobs' | 'cancel';

/** Where the server that a client is connected to takes orders. */
export async function controlOf(client: Client): Promise<string> {
  const { rows } = await client.query<string[]>({ text: 'show cockroach.http_addr', rowMode: 'array' });
  return rows[0]?.[0] ?? '';
}

/**
 * Gives a server an order and returns its answer, however long that takes.
 *
 * @throws CommandFailure with the server's reason
 */
export async function order<T>(control: string, name: Order, details: unknown = {}): Promise<T> {
  const [status, body] = await new Promise<[number, string]>((resolve, reject) => {
    const asking = request(`http://${control}/_stand-in/${name}`, { method: 'POST' }, (answer) => {
      textOf(answer).then((body) => resolve([answer.statusCode ?? 0, body]), reject);
    });
    asking.on('error', reject).end(JSON.stringify(details));
  }).catch((error: unknown) => {
    throw cannotDial(`the stand-in at ${control} does not answer: ${String(error)}`);
  });
  const answer = JSON.parse(body) as T & { error?: string; sqlState?: string };
  if (status !== 200) throw new CommandFailure(answer.error ?? `status ${status}`, answer.sqlState);
  return answer;
}
