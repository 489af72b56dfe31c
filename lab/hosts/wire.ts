import { type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { reset } from '../reset';

/** Calls `go` when so many bytes may pass; 0 bytes wait only for a cut to be mended. */
export type Pass = (bytes: number, go: () => void) => void;

/** A TCP connection whose bytes, ends and resets all wait for the network to let them pass. */
export class Wire extends Duplex {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #socket: Socket;
  readonly #pass: Pass;
  #resetting = false;

  constructor(socket: Socket, pass: Pass) {
    super({ allowHalfOpen: true });
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    this.#socket = socket;
    this.#pass = pass;
    socket.pause();
    socket.on('data', (chunk: Buffer) => {
      socket.pause(); // one chunk at a time: what waits in the kernel slows the sender down
      pass(chunk.length, () => {
        if (!this.destroyed && this.push(chunk)) socket.resume();
      });
    });
    socket.on('end', () => pass(0, () => !this.destroyed && this.push(null)));
    socket.on('error', () => undefined); // 'close' follows, and is all that is needed
    socket.on('close', () => pass(0, () => this.destroy()));
  }

  /** Ends the connection as a machine that loses its power does. */
  reset(): void {
    this.#resetting = true;
    this.#pass(0, () => reset(this.#socket));
    this.destroy();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#pass(chunk.length, () => {
      if (this.destroyed || this.#socket.write(chunk)) done();
      else this.#socket.once('drain', done);
    });
  }

  override _final(done: () => void): void {
    this.#pass(0, () => this.#socket.end(done));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#resetting) this.#socket.destroy();
    done(error);
  }
}
