import { type HostRef } from '../../workflows/contract/site';
import { type CommandResult, type RunOptions } from './exec';
import { type ShellText } from './shell';

/** One host that commands can be run on. */
export interface Host {
  readonly ref: HostRef;
  /**
   * Runs a command in the login directory of the user and returns its output.
   *
   * @throws `HostKeyMismatch`, `AuthDenied`, `Unavailable`; `ResourceFailed` for an exit code that is not allowed;
   * `UnknownOutcome` if the answer is lost and the command is not `repeatable`.
   */
  run(command: ShellText, options?: RunOptions): Promise<CommandResult>;
}
