import { createServer, connect, constants, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import { type ClientHttp2Session, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { gunzipSync } from 'node:zlib';

/** What is told of each call of a worker; a promise it returns holds the message until it resolves. */
export interface GateKeeper {
  /** A request on its way to the server. */
  asked(method: string, message: Buffer): Promise<void> | void;
  /** A response on its way to the worker. */
  answered(method: string, message: Buffer): Promise<void> | void;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders;
}

const UNAVAILABLE = '14';

/**
 * Stands between a worker and its Temporal server and can hold any message of the worker for as long as it takes.
 *
 * Unary calls over unencrypted HTTP/2, which is all that a worker makes. What a worker that has died had sent and is
 * still held never reaches the server.
 */
export class Gate {
  keeper: GateKeeper | null = null;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(private readonly target: string) {
    this.#server = createServer();
    this.#server.on('session', (session) => this.#serve(session));
    this.#server.on('sessionError', () => undefined);
  }

  /** Listens at a free port of 127.0.0.1. @param target address of the server, which may go and come back */
  static async open(target: string): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }

  #serve(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    let upstream: ClientHttp2Session | null = null;
    const server = () => {
      if (upstream && !upstream.destroyed && !upstream.closed) return upstream;
      const made = connect(`http://${this.target}`);
      made.on('error', () => undefined); // each call on it hears of it
      upstream = made;
      return made;
    };
    session.on('error', () => undefined);
    session.on('close', () => {
      this.#sessions.delete(session);
      upstream?.destroy();
    });
    session.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      this.#pass(stream, headers, server).catch(() => refuse(stream));
    });
  }

  async #pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, server: () => ClientHttp2Session) {
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    const request = await bodyOf(stream);
    await this.keeper?.asked(method, messageOf(request));
    if (stream.destroyed) return;
    const answer = await forward(server(), headers, request, stream);
    if (answer.body.length > 0) await this.keeper?.answered(method, messageOf(answer.body));
    if (!stream.destroyed) respond(stream, answer);
  }
}

async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A worker that gives up a call gives it up at the server, too. */
function forward(
  server: ClientHttp2Session,
  { ':path': path, ...given }: IncomingHttpHeaders,
  body: Buffer,
  caller: ServerHttp2Stream,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const plain = Object.entries(given).filter(([name]) => !name.startsWith(':') && name !== 'grpc-accept-encoding');
    const call = server.request({ ...Object.fromEntries(plain), ':method': 'POST', ':path': path });
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    call.on('response', (received: IncomingHttpHeaders) => {
      headers = received;
    });
    call.on('trailers', (received: IncomingHttpHeaders) => {
      trailers = received;
    });
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.on('error', reject);
    call.on('close', () => {
      if (headers[':status']) resolve({ headers, body: Buffer.concat(chunks), trailers });
      else reject(new Error('the server is gone'));
    });
    caller.once('close', () => call.close(constants.NGHTTP2_CANCEL));
    call.end(body);
  });
}

function respond(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  const complete = 'grpc-status' in headers || 'grpc-status' in trailers;
  if (!complete) return refuse(stream);
  if (body.length === 0 && !('grpc-status' in trailers)) return stream.respond(headers, { endStream: true });
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(body);
}

function refuse(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.headersSent) return;
  const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAVAILABLE };
  stream.respond({ ...headers, 'grpc-message': 'the server cannot be reached' }, { endStream: true });
}

/** The one message of a unary call: a flag for compression, the length in four bytes, the message. */
function messageOf(body: Buffer): Buffer {
  const message = body.subarray(5);
  return body[0] === 1 ? gunzipSync(message) : message;
}
