import { randomBytes } from 'node:crypto';
import { type ApiFaults } from './faults';
import { Refusal } from './refusal';

/** A token keystone has issued. Unscoped ones see nothing of the project. */
export interface Token {
  readonly id: string;
  readonly auditId: string;
  readonly methods: readonly string[];
  readonly scoped: boolean;
  /** The application credential it came from. */
  readonly credentialId: string | null;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  revoked: boolean;
}

/** The tokens keystone knows. */
export class Tokens {
  private readonly tokens = new Map<string, Token>();

  constructor(private readonly lifetimeMs: number) {}

  /** `expiresAtMs` defaults to a lifetime from now. */
  issue(token: Pick<Token, 'methods' | 'scoped' | 'credentialId'> & { expiresAtMs?: number }): Token {
    const nowMs = Date.now();
    const issued: Token = {
      id: `gAAAAA${randomBytes(60).toString('base64url')}`,
      auditId: randomBytes(16).toString('base64url'),
      methods: token.methods,
      scoped: token.scoped,
      credentialId: token.credentialId,
      issuedAtMs: nowMs,
      expiresAtMs: token.expiresAtMs ?? nowMs + this.lifetimeMs,
      revoked: false,
    };
    this.tokens.set(issued.id, issued);
    return issued;
  }

  /** The token, unless it is unknown or has expired. It may have been revoked. */
  find(id: string | undefined): Token | undefined {
    const token = this.tokens.get(id ?? '');
    return token && Date.now() < token.expiresAtMs ? token : undefined;
  }

  /** Every token is unknown from now on. */
  forgetAll(): void {
    this.tokens.clear();
  }
}

/**
 * The check in front of nova, neutron and cinder: a token seen before is trusted without asking keystone, revoked or not,
 * until it expires.
 */
export class TokenCheck {
  private readonly seen = new Set<string>();

  constructor(
    private readonly tokens: Tokens,
    private readonly faults: ApiFaults,
    private readonly identityUrl: string,
  ) {}

  /** @throws Refusal 401, or 503 when keystone has to be asked and is down. */
  admit(id: string | undefined): Token {
    const token = this.tokens.find(id);
    if (token && this.seen.has(token.id)) return token;
    if (id !== undefined && this.faults.isDown('identity')) throw KEYSTONE_DOWN;
    if (!token || token.revoked) throw unauthorized(this.identityUrl);
    this.seen.add(token.id);
    return token;
  }
}

const MESSAGE = 'The request you have made requires authentication.';

/** Nobody knows the token, or there is none. The same words in front of every service. */
export const unauthorized = (identityUrl: string): Refusal =>
  new Refusal(401, MESSAGE, {
    headers: { 'WWW-Authenticate': `Keystone uri="${identityUrl}"` },
    body: { error: { code: 401, title: 'Unauthorized', message: MESSAGE } },
  });

const KEYSTONE_DOWN = new Refusal(503, 'keystone is down', {
  body:
    '503 Service Unavailable\n\nThe server is currently unavailable. Please try again at a later time.\n\n' +
    ' The Keystone service is temporarily unavailable.  ',
});
