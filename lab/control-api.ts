import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type FaultRequest } from './faults';
import { type Lab, type Say } from './lab';
import { Refused } from './refusal';

export interface ControlApiOptions {
  readonly lab: Lab;
  readonly directory: string;
  /** Asked for as bearer token by everything but `GET /`. */
  readonly token: string;
  /** Called when the lab has gone down. */
  readonly onDown: () => void;
}

type Handler = (body: Record<string, unknown>, params: readonly string[], say: Say) => Promise<unknown>;

/**
 * Serves the control API of a lab, JSON over HTTP.
 *
 * `POST /up` and `POST /reset` answer with a JSON document a line: `{ say }` for what takes time, at the end
 * `{ status }` or `{ error }`. A refusal is a 400, anything else that goes wrong a 500, both with `{ error }`.
 */
export function serveControlApi(server: Server, { lab, directory, token, onDown }: ControlApiOptions): void {
  const done = async (work: Promise<void> | void) => (await work, { done: true });
  const routes: [method: string, path: RegExp, handle: Handler][] = [
    ['GET', /^\/status$/, () => lab.status()],
    ['POST', /^\/up$/, ({ temporalBinary }, _, say) => lab.up(String(temporalBinary), say)],
    ['POST', /^\/reset$/, (_body, _params, say) => lab.reset(say)],
    ['POST', /^\/down$/, () => done(lab.down())],
    ['POST', /^\/temporal\/start$/, () => done(lab.startTemporal())],
    ['POST', /^\/temporal\/stop$/, () => done(lab.stopTemporal())],
    [
      'POST',
      /^\/hosts\/([^/]+)\/exec$/,
      async ({ command }, [host = '']) => {
        const { code, stdout, stderr } = await lab.exec(host, command as string[]);
        return { exitCode: code ?? ENDED_BY_SIGNAL, stdout, stderr };
      },
    ],
    ['POST', /^\/hosts\/([^/]+)\/power$/, ({ state }, [host = '']) => done(lab.power(host, String(state)))],
    ['POST', /^\/hosts\/([^/]+)\/cut$/, (_, [host = '']) => done(lab.cut(host))],
    ['POST', /^\/hosts\/([^/]+)\/mend$/, (_, [host = '']) => done(lab.mend(host))],
    ['POST', /^\/faults$/, (body) => lab.setFault(body as unknown as FaultRequest)],
    ['DELETE', /^\/faults$/, () => done(lab.clearFaults())],
  ];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '/', headers } = request;
    if (url === '/') return send(response, 200, { directory });
    if (headers.authorization !== `Bearer ${token}`) return send(response, 401, { error: 'the token is missing' });
    const [route, params] = find(method, url);
    if (!route) return send(response, 404, { error: `no ${method} ${url}` });
    const streams = url === '/up' || url === '/reset';
    const say: Say = (line) => void response.write(`${JSON.stringify({ say: line })}\n`);
    if (streams) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    try {
      const value = await route(await bodyOf(request), params, say);
      if (streams) response.end(`${JSON.stringify({ status: value })}\n`);
      else send(response, 200, value);
    } catch (error) {
      if (!(error instanceof Refused)) console.error(error);
      const { message } = error as Error;
      if (streams) response.end(`${JSON.stringify({ error: message })}\n`);
      else send(response, error instanceof Refused ? 400 : 500, { error: message });
    }
    if (url === '/down') onDown();
  }

  function find(method: string | undefined, url: string): [Handler | undefined, readonly string[]] {
    for (const [wanted, path, handle] of routes) {
      const params = wanted === method ? path.exec(url)?.slice(1) : undefined;
      if (params) return [handle, params];
    }
    return [undefined, []];
  }

  server.on('request', (request, response) => void answer(request, response));
}

/** As shells say it of a command that did not end by itself. */
const ENDED_BY_SIGNAL = 255;

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  return body ? (JSON.parse(body) as Record<string, unknown>) : {};
}
