import { INSECURE_NOTE, CommandFailure, renderFailure } from './failure';
import { node, quit } from './node';
import { sql } from './sql';
import { startSingleNode } from './start';
import { version } from './version';

const COMMANDS: Record<string, (argv: readonly string[]) => Promise<void>> = {
  'start-single-node': startSingleNode,
  sql,
  node,
  quit,
  version,
};

/**
 * The stand-in for the program `cockroach`: its command line, output and exit codes, for a single node, in front of a
 * real PostgreSQL server with all its files in the store directory.
 */
async function main([name = '', ...argv]: readonly string[]): Promise<number> {
  const command = name === 'node' ? `node ${argv[0] ?? ''}` : name;
  if (argv.includes('--insecure')) process.stderr.write(INSECURE_NOTE);
  try {
    const run = COMMANDS[name];
    if (!run) throw new CommandFailure(`unknown command "${name}" for "cockroach"`);
    await run(argv);
    return 0;
  } catch (error) {
    process.stderr.write(renderFailure(error, command));
    return 1;
  }
}

// A server that failed or ended still has its health page open.
if (require.main === module) void main(process.argv.slice(2)).then((code) => process.exit(code));
