import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CommandFailure } from './failure';

type Options = NonNullable<ParseArgsConfig['options']>;

/** A host and a TCP port, written `host:port` on the command line. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port` as `cockroach` prints it. */
export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** Reads `host:port`, `host` or `:port`; what is missing is loopback and `defaultPort`. */
export function parseAddress(text: string, defaultPort: number): Address {
  const [host = '', port] = text.split(':');
  return { host: host || '127.0.0.1', port: port ? Number(port) : defaultPort };
}

/**
 * Reads a command's flags, in all the spellings `cockroach` takes (`--flag value`, `--flag=value`, `-e value`).
 *
 * @throws CommandFailure for a flag the command does not have.
 */
export function parseFlags<const T extends Options>(argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    const flag = /'(--?[\w-]+)/.exec(String(error))?.[1];
    const unknown = (error as { code?: string }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    throw new CommandFailure(unknown ? `unknown flag: ${flag}` : String((error as Error).message));
  }
}

/** The flags every client command has. */
export const CLIENT_FLAGS = {
  insecure: { type: 'boolean' },
  host: { type: 'string', default: '127.0.0.1:26257' },
  format: { type: 'string', default: 'tsv' },
} as const satisfies Options;
