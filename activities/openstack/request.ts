import { type ServiceName } from './services';

/** What came with an answer besides its body. */
export interface AnswerHead {
  /** The service's id of the request; the instance action it caused bears the same. */
  readonly requestId: string | undefined;
}

/**
 * One call of a service, as data: `session.send` sends it, `session.render` shows what would be sent.
 *
 * `read` turns the answer's body into what the caller wanted; it throws when the body is not what the API promises.
 */
export interface Request<T> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly service: ServiceName;
  /** Below the service's versioned endpoint, already encoded: `/servers/0a1b`. */
  readonly path: string;
  readonly body?: unknown;
  /** The status codes that mean it was done. */
  readonly expected: readonly number[];
  /** What it is about, for messages: `server/backup`. */
  readonly target: string;
  readonly read: (body: unknown, head: AnswerHead) => T;
}

/** A request as it would be sent, without its token. */
export interface RenderedRequest {
  readonly method: string;
  readonly url: string;
  /** The JSON text, exactly. */
  readonly body: string | undefined;
  /** All of it on one line: `PUT http://... {"floatingip":...}`. */
  readonly text: string;
}

/** What a change would do, said by the code that would do it. */
export interface Description {
  /** The present state in words. */
  readonly now: string;
  /** The request it would send if the change were needed. */
  readonly command: string;
  /** Whether the present state calls for the change. */
  readonly changes: boolean;
}
