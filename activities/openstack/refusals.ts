import { type ApplicationFailure } from '@temporalio/common';
import { type FailureType } from '../../workflows/contract/failures';
import { fail } from '../failures';
import { type Answer, type Wire } from './exchange';

/**
 * A longer wait asked for by a service is cut to this: what waits may be the way back to production.
 */
const longestRetryAfterMs = 60_000;

/** The failure for an answer that was not expected: what was asked, what the service said, and its request id. */
export function refusal(target: string, wire: Wire, answer: Answer, now: number): ApplicationFailure {
  const said = serviceMessage(answer.text);
  const operation = `${wire.method} ${wire.url}`;
  const requestId = requestIdOf(answer);
  const quoted = requestId ? ` (${requestId})` : '';
  return fail(
    failureTypeFor(answer.status, answer.text, answer.header('retry-after') !== undefined),
    `${target.replace('/', ' ')}: ${operation} was answered ${answer.status}: ${said || 'nothing'}${quoted}`,
    { target, operation, requestId, retryAfterMs: retryAfterMs(answer, now) },
  );
}

export function requestIdOf(answer: Answer): string | undefined {
  return answer.header('x-openstack-request-id') ?? answer.header('x-compute-request-id');
}

/** Which of our failures a status is. */
export function failureTypeFor(status: number, text: string, hasRetryAfter: boolean): FailureType {
  // Nova says 403, Neutron 409 and Cinder 413, with a Retry-After that does not help.
  if ([403, 409, 413].includes(status) && /quota/i.test(text)) return 'PreconditionFailed';
  if (status >= 500 || status === 408 || status < 400) return 'Unavailable';
  switch (status) {
    case 401:
    case 403:
      return 'AuthDenied';
    case 404:
      return 'NotFound';
    case 409:
      return 'Conflict';
    case 429:
      return 'RateLimited';
    case 413:
      return hasRetryAfter ? 'RateLimited' : 'PreconditionFailed';
    default:
      return 'InvalidInput';
  }
}

/**
 * The service's own sentence, out of the envelope of whichever service it is: Keystone `{error: {message}}`,
 * Neutron `{NeutronError: {message}}`, Nova and Cinder `{<fault>: {message}}`, Placement `{errors: [{detail}]}`,
 * Glance and the proxies in front of them plain text or HTML. One line, at most 300 characters.
 */
export function serviceMessage(text: string): string {
  const [line = ''] = sentenceIn(text)
    .trim()
    .split(/\n\s*\n/);
  const flat = line.replace(/\s+/g, ' ').trim();
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat;
}

function sentenceIn(text: string): string {
  try {
    return messageIn(JSON.parse(text)) ?? text;
  } catch {
    const plain = text.replace(/<(style|script|title)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');
    // The first paragraph repeats the status, the second says why.
    return plain.replace(/^\s*\d{3} [\w -]+\n+/, '');
  }
}

function messageIn(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (typeof body !== 'object' || body === null) return undefined;
  if (Array.isArray(body)) return messageIn(body[0]);
  const { message, detail } = body as { message?: unknown; detail?: unknown };
  if (typeof message === 'string' && message) return message;
  if (typeof detail === 'string' && detail) return detail;
  return Object.values(body).map(inEnvelope).find(Boolean);
}

const inEnvelope = (inner: unknown) =>
  typeof inner === 'object' || typeof inner === 'string' ? messageIn(inner) : undefined;

function retryAfterMs(answer: Answer, now: number): number | undefined {
  const text = answer.header('retry-after');
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, longestRetryAfterMs) : undefined;
}
