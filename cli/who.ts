import { hostname, userInfo } from 'node:os';

/** Who sits at this terminal, as reports name people: `kari@ops1`. */
export function whoAsks(env: NodeJS.ProcessEnv): string {
  let name = env.USER ?? env.LOGNAME;
  try {
    name ??= userInfo().username;
  } catch {
    // A user without an entry in the password file.
  }
  return `${name ?? 'somebody'}@${hostname()}`;
}
