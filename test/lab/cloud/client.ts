import { setTimeout as pause } from 'node:timers/promises';
import { type RunningCloud } from './recorded-cloud';

type Json = Record<string, unknown>;

/** Where the recorded compute service has its servers. */
export const SERVERS = 'http://127.0.0.1:8774/v2.1/servers';

/** A logged-in client of a cloud. */
export class Client {
  private constructor(
    private readonly running: RunningCloud,
    private readonly token: string,
  ) {}

  static async of(running: RunningCloud): Promise<Client> {
    return new Client(running, await running.logIn());
  }

  /** The status and body of an answer. `url` is as recorded. */
  async send(
    method: string,
    url: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<[number, Json]> {
    const reply = await this.running.send(method, url, { 'X-Auth-Token': this.token, ...headers }, body);
    return [reply.status, (reply.body ?? {}) as Json];
  }

  async server(id: string): Promise<Json> {
    const [, { server }] = await this.send('GET', `${SERVERS}/${id}`);
    return server as Json;
  }

  /** Posts a server action and returns the status of the answer. */
  async act(id: string, action: unknown): Promise<number> {
    return (await this.send('POST', `${SERVERS}/${id}/action`, action))[0];
  }
}

/** Polls until the condition holds. @throws Error after 10 s */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not so after 10 s: ${condition.toString()}`);
    await pause(5);
  }
}
