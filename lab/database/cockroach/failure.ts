/** A failure of one command, printed the way `cockroach` prints it: `ERROR:`, `SQLSTATE:`, `Failed running`. Exit code 1. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly sqlState?: string,
  ) {
    super(message);
  }
}

const DIAL = `cannot dial server.
Is the server running?
If the server is running, check --host client-side and --advertise server-side.

`;

/** The failure of a client that reaches no server, or of a server that cannot listen. */
export function cannotDial(reason: string): CommandFailure {
  return new CommandFailure(DIAL + reason);
}

/** The last lines on stderr of a command that failed. */
export function renderFailure(error: unknown, command: string): string {
  const lines = [`ERROR: ${error instanceof Error ? error.message : String(error)}`];
  if (error instanceof CommandFailure && error.sqlState !== undefined) lines.push(`SQLSTATE: ${error.sqlState}`);
  lines.push(`Failed running "${command}"`);
  return lines.join('\n') + '\n';
}

/** What every `--insecure` command says on stderr, successful or not. */
export const INSECURE_NOTE = `Flag --insecure has been deprecated, it will be removed in a subsequent release.
For details, see: https://go.crdb.dev/issue/53404
`;
