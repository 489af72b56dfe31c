import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Context } from '../context';
import { CommandError, ExitCode } from '../exit';
import { labEngines, labOf, type LabStatus } from '../lab';
import { table } from '../render/table';

interface Json {
  readonly json?: boolean;
}

/** `lab ...`: the embedded site. */
export function addLab(program: Command, context: Context): void {
  const command = program.command('lab').description('the embedded site: a production to rehearse on, on this machine');
  const { output } = context;
  const lab = labOf(context);
  const withJson = (sub: Command) => sub.option('--json', 'print the answer as one JSON document');
  const answer = (value: unknown, { json }: Json, text: string) => (json ? output.json(value) : output.print([text]));

  withJson(command.command('up'))
    .addOption(databaseOption())
    .description('start it in the background, with a Temporal server of its own; returns when production serves')
    .action(async ({ json, database }: Json & { readonly database?: string }) => {
      const status = await lab.up(database);
      if (json) output.json(status);
      else output.print(statusLines(status));
    });

  withJson(command.command('down'))
    .description('stop everything; what it has stored stays')
    .action(async (options: Json) => {
      await lab.down();
      answer({ up: false }, options, 'the lab is down');
    });

  withJson(command.command('status'))
    .description('what is up, what is served, and what the visitor and the people have seen')
    .action(async ({ json }: Json) => {
      const status = await lab.status();
      if (json) output.json(status ?? { up: false });
      else output.print(status ? statusLines(status) : [`no lab is up in ${lab.directory}`]);
      if (!status) context.exit(ExitCode.unreachable);
    });

  withJson(command.command('exec <host> <command...>'))
    .description('run a command on a host: lab exec db1 -- ls /bfdata; exits as the command does')
    .action(async (host: string, words: string[], { json }: Json) => {
      const ended = (await lab.control('POST', `/hosts/${host}/exec`, { command: words })) as {
        readonly exitCode: number;
        readonly stdout: string;
        readonly stderr: string;
      };
      if (json) output.json(ended);
      else {
        process.stdout.write(ended.stdout);
        process.stderr.write(ended.stderr);
      }
      process.exitCode = ended.exitCode;
    });

  withJson(command.command('power <host> <state>'))
    .description('on, off (at once, as if the plug was pulled) or reboot')
    .action(async (host: string, state: string, options: Json) => {
      const states = ['on', 'off', 'reboot'];
      if (!states.includes(state))
        throw new CommandError(ExitCode.usage, `power: found ${state}, expected ${states.join(', ')}`);
      answer(await lab.control('POST', `/hosts/${host}/power`, { state }), options, `${host}: ${state}`);
    });

  for (const [verb, description] of [
    ['cut', 'cut a host off the network'],
    ['mend', 'connect it again'],
  ] as const)
    withJson(command.command(`${verb} <host>`))
      .description(description)
      .action(async (host: string, options: Json) => {
        answer(await lab.control('POST', `/hosts/${host}/${verb}`), options, `${host}: ${verb}`);
      });

  withJson(command.command('temporal <state>'))
    .description('start or stop its Temporal server; what it has stored stays')
    .action(async (state: string, options: Json) => {
      if (state !== 'start' && state !== 'stop')
        throw new CommandError(ExitCode.usage, `temporal: found ${state}, expected start or stop`);
      answer(await lab.control('POST', `/temporal/${state}`), options, `Temporal: ${state}`);
    });

  withJson(command.command('fault <kind> [target]'))
    .description(
      [
        'make something go wrong, until `fault clear`:',
        '  slow <host> --mbps N        disk-full <host>         server-error <server>    no-ssh <host>',
        '  api <service> --status N    api <service> --delay T  expire-tokens            wrong-password',
        '  host-key <host>             db-wont-stop             db-wont-start            corrupt <archive>',
        '  damage <host> --seed N      fresh <host>',
        'damage deletes and corrupts files of the database there; fresh: the host is lost, another one takes its place',
        'an archive is its name, `latest`, or `next`: the one that is made next, as soon as it is there',
      ].join('\n'),
    )
    .option('--mbps <n>', 'megabits per second, both directions together', positiveNumber)
    .option('--status <code>', 'HTTP status that the service answers', positiveNumber)
    .option('--delay <time>', 'before every answer, like 5s', seconds)
    .option('--for <time>', 'ends by itself after this, like 30s', seconds)
    .option('--seed <n>', 'which files are damaged', positiveNumber)
    .addOption(new Option('--even-by-force', 'the database does not stop by force either'))
    .action(async (kind: string, target: string | undefined, { json, ...details }: Json & Record<string, unknown>) => {
      const given =
        kind === 'clear'
          ? await lab.control('DELETE', '/faults')
          : await lab.control('POST', '/faults', { kind, target, ...details });
      const { deleted, corrupted } = given as { readonly deleted?: readonly string[]; readonly corrupted?: string };
      const damage = deleted ? `: deleted ${deleted.join(', ')}; overwrote a part of ${corrupted}` : '';
      const fault = `fault: ${[kind, target].filter(Boolean).join(' ')}${damage}`;
      answer(given, { json }, kind === 'clear' ? 'no faults' : fault);
    });

  withJson(command.command('reset'))
    .description('everything as after the first `lab up`, new data included')
    .action(async (options: Json) => answer(await lab.control('POST', '/reset'), options, 'the lab is as new'));
}

/** `--database <engine>`, for a lab that is made. */
export function databaseOption(): Option {
  return new Option('--database <engine>', 'the database of a new lab (default: cockroach)').choices(labEngines);
}

function positiveNumber(text: string): number {
  if (!(Number(text) > 0)) throw new InvalidArgumentError('expected a number above 0');
  return Number(text);
}

/** `30s`, `500ms`, `2m` as seconds. */
function seconds(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('expected a time like 30s');
  return Number(amount) * ({ ms: 0.001, s: 1, m: 60 }[unit] ?? 1);
}

/** A lab for people: where everything is. */
export function statusLines({ publicUrl, serving, isolation, temporal, hosts }: LabStatus): string[] {
  const on = Object.entries(hosts).filter(([, { power }]) => power === 'on');
  return table([
    ['public address', `${publicUrl} (${serving})`],
    ['Temporal Web UI', temporal.ui],
    ['Temporal', `${temporal.address}, namespace ${temporal.namespace}`],
    ['hosts', `${on.map(([name]) => name).join(', ')} (${isolation})`],
  ]);
}
