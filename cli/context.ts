import { type Sites } from '../activities/site/sites';
import { type ExitCode } from './exit';
import { type Output } from './output';

/** What every command is given. */
export interface Context {
  readonly env: NodeJS.ProcessEnv;
  /** The project's directory. */
  readonly root: string;
  readonly sites: Sites;
  readonly output: Output;
  /** The exit code of a command that has said everything there is to say. */
  exit(code: ExitCode): void;
}
