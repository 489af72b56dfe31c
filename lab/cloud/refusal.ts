/** A request that is answered with an error; each service wraps it in an envelope of its own. */
export class Refusal extends Error {
  /** Neutron names the kind of error. @default 'HTTPBadRequest' */
  readonly type: string;
  readonly headers: Record<string, string>;
  /** The whole body, where it is not the service itself that answers. A string is sent as text. */
  readonly body: unknown;

  constructor(
    readonly status: number,
    message: string,
    options: { type?: string; headers?: Record<string, string>; body?: unknown } = {},
  ) {
    super(message);
    this.type = options.type ?? 'HTTPBadRequest';
    this.headers = options.headers ?? {};
    this.body = options.body;
  }
}

const NOVA_FAULTS: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
};

/** How nova and cinder tell an error. */
export const novaEnvelope = ({ status, message }: Refusal): unknown => ({
  [NOVA_FAULTS[status] ?? 'computeFault']: { code: status, message },
});

/** How neutron tells an error. */
export const neutronEnvelope = ({ type, message }: Refusal): unknown => ({
  NeutronError: { type, message, detail: '' },
});

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
};

/** How keystone tells an error. */
export const keystoneEnvelope = ({ status, message }: Refusal): unknown => ({
  error: { code: status, message, title: TITLES[status] ?? 'Error' },
});

const PROXY_PAGES: Record<number, string> = {
  502: '<h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.',
  503: '<h1>503 Service Unavailable</h1>\nNo server is available to handle this request.',
  504: "<h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.",
};

/**
 * What a client gets from a service in trouble: the load balancer's page where no service is behind it (502, 503, 504), else
 * the service's own envelope.
 */
export function outage(status: number): Refusal {
  const page = PROXY_PAGES[status];
  if (page) {
    const headers = { 'Content-Type': 'text/html', 'Cache-Control': 'no-cache' };
    return new Refusal(status, page, { headers, body: `<html><body>${page}\n</body></html>\n` });
  }
  if (status === 429) return new Refusal(429, 'This request was rate-limited.', { headers: { 'Retry-After': '1' } });
  return new Refusal(status, 'The server encountered an internal error and was unable to complete the request.');
}
