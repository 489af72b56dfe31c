import { type Machines } from './machines';
import { Refusal } from './refusal';
import { asObject, jsonBody, ok, param, type Answer, type Call } from './service';
import { type ServerRecord } from './state';
import { type Store } from './store';

const MALFORMED = 'Malformed request body';
const REBOOT_TYPES = ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft'];

/** Actions that nova has and this cloud has not. */
const NOT_HERE = [
  ...['pause', 'unpause', 'suspend', 'resume', 'rescue', 'unrescue', 'shelve', 'shelveOffload', 'unshelve', 'rebuild'],
  ...[
    'resize',
    'confirmResize',
    'revertResize',
    'migrate',
    'os-migrateLive',
    'evacuate',
    'createImage',
    'createBackup',
  ],
  ...['addSecurityGroup', 'removeSecurityGroup', 'addFloatingIp', 'removeFloatingIp', 'changePassword', 'forceDelete'],
  ...['restore', 'trigger_crash_dump', 'os-resetState', 'resetNetwork', 'injectNetworkInfo', 'os-getVNCConsole'],
];

type Action = (server: ServerRecord, argument: unknown, call: Call) => Answer;

/** POST /servers/{id}/action: the body's one key says what to do. */
export function serverAction(call: Call, store: Store, machines: Machines): Answer {
  const accepted: Answer = { status: 202, headers: { 'Content-Type': 'application/json' } };
  const actions: Record<string, Action> = {
    'os-start': (server) => {
      machines.start(server, call.requestId);
      return accepted;
    },
    'os-stop': (server) => {
      machines.stop(server, call.requestId);
      return accepted;
    },
    reboot: (server, argument) => {
      if (rebootType(argument) === 'HARD') machines.hardReboot(server, call.requestId);
      else machines.softReboot(server, call.requestId);
      return accepted;
    },
    lock: (server, argument) => {
      const reason = asObject(argument).locked_reason;
      machines.lock(server, true, typeof reason === 'string' ? reason : null, call.requestId);
      return accepted;
    },
    unlock: (server) => {
      machines.lock(server, false, null, call.requestId);
      return accepted;
    },
    'os-getConsoleOutput': (server, argument) => {
      const lines = consoleLength(argument);
      machines.requireHost(server);
      return ok({ output: tail(server.console.map((line) => `${line}\n`).join(''), lines) });
    },
  };
  const [[name, argument] = []] = Object.entries(jsonBody(call, MALFORMED));
  if (name === undefined) throw new Refusal(400, MALFORMED);
  const action = actions[name];
  if (!action) throw unknownAction(name);
  const server = call.token?.scoped ? store.server(param(call, 'id')) : undefined;
  if (!server) throw new Refusal(404, `Instance ${param(call, 'id')} has no mapping to a cell.`);
  return action(server, argument, call);
}

const unknownAction = (name: string): Refusal =>
  NOT_HERE.includes(name)
    ? new Refusal(501, `The lab's cloud does not implement ${name}.`)
    : new Refusal(400, `There is no such action: ${name}`);

function rebootType(argument: unknown): string {
  const { type } = asObject(argument);
  if (typeof type === 'string' && REBOOT_TYPES.includes(type)) return type.toUpperCase();
  const types = REBOOT_TYPES.map((each) => `'${each}'`).join(', ');
  throw new Refusal(
    400,
    `Invalid input for field/attribute type. Value: ${String(type)}. '${String(type)}' is not one of [${types}]`,
  );
}

/** Undefined is all of it. */
function consoleLength(argument: unknown): number | undefined {
  const { length } = asObject(argument);
  if (length === undefined || length === null) return undefined;
  const value = typeof length === 'string' ? length : JSON.stringify(length);
  if (!/^-?[0-9]+$/.test(value)) {
    throw new Refusal(
      400,
      `Invalid input for field/attribute length. Value: ${value}. '${value}' does not match '^-?[0-9]+$'`,
    );
  }
  return Number(value) < 0 ? undefined : Number(value);
}

/** Nova counts the end of the last line as a line. */
function tail(text: string, lines: number | undefined): string {
  if (lines === undefined) return text;
  return lines === 0 ? '' : text.split('\n').slice(-lines).join('\n');
}
