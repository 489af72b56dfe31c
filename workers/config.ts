import { readFileSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { type NativeConnectionOptions } from '@temporalio/worker';

/** How to reach Temporal; fits clients and workers alike. */
export interface TemporalConfig {
  readonly connection: NativeConnectionOptions & { readonly address: string };
  readonly namespace: string;
}

/**
 * Reads `TEMPORAL_*` and the profile of `temporal.toml`.
 *
 * @default `127.0.0.1:7233` and the namespace `default`: a missing file is not an error
 * @throws if a named profile or file is wrong
 */
export function temporalConfig(env: NodeJS.ProcessEnv): TemporalConfig {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  // The library ignores a file it was pointed to and cannot read; the operator meant it.
  if (env.TEMPORAL_CONFIG_FILE) readFileSync(env.TEMPORAL_CONFIG_FILE);
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
  return {
    connection: { ...connectionOptions, address: connectionOptions.address ?? '127.0.0.1:7233' },
    namespace: namespace ?? 'default',
  };
}
