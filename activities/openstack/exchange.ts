import { type Dispatcher, request } from 'undici';
import { fail } from '../failures';

/** A request on the wire. */
export interface Wire {
  readonly method: Dispatcher.HttpMethod;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a service answered, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
}

export interface ExchangeOptions {
  readonly dispatcher: Dispatcher;
  /** For head and body together. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Sends one request and reads the whole answer. Never repeats it and follows no redirect.
 *
 * @throws `Unavailable` when there is no complete answer in time; the signal's reason when the caller gave up, for a
 * change only before it was sent.
 */
export async function exchange(wire: Wire, { dispatcher, timeoutMs, signal }: ExchangeOptions): Promise<Answer> {
  signal?.throwIfAborted();
  // Not AbortSignal.any: a caller's signal may live for hours, and each combination stays tied to it.
  const controller = new AbortController();
  const cancel = () => controller.abort(signal?.reason);
  // A change on its way cannot be called back, only lost sight of: it would land after somebody had looked.
  if (wire.method === 'GET') signal?.addEventListener('abort', cancel, { once: true });
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const { method, headers, body } = wire;
    const response = await request(wire.url, { dispatcher, method, headers, body, signal: controller.signal });
    const text = await response.body.text();
    return { status: response.statusCode, text, header: (name) => [response.headers[name] ?? []].flat()[0] };
  } catch (error) {
    signal?.throwIfAborted();
    const operation = `${wire.method} ${wire.url}`;
    const what = controller.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error);
    throw fail(
      'Unavailable',
      `${operation}: ${what}; does the service run, and can this worker reach it?`,
      { operation },
      error,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isCertificate = /CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(code ?? '');
  return `${message || code}${isCertificate ? ` (${code}: set cacert in clouds.yaml)` : ''}`;
}
