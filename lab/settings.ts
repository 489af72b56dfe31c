import { ENGINES, type EngineName } from './database/database';

/** What can be set for a lab by environment variables when its process starts. */
export interface LabSettings {
  /** Size of the database after seeding. `LAB_MEGABYTES` @default 200 */
  readonly megabytes: number;
  /** The database engine of a lab without data; one with data keeps its own. `LAB_DATABASE` @default 'cockroach' */
  readonly database: EngineName;
  /** From power on until SSH answers. `LAB_BOOT_DELAY_MS` @default 2000 */
  readonly bootDelayMs: number;
  /** Until the cloud shows that a server was switched on or off. `LAB_POWER_DELAY_MS` @default 1000 */
  readonly powerDelayMs: number;
  /** Every request to the cloud. `LAB_API_DELAY_MS` @default 5 */
  readonly apiDelayMs: number;
  /** The visitor's requests, half of them writes. `LAB_VISITS_PER_SECOND` @default 30 */
  readonly visitsPerSecond: number;
}

/** @throws Error naming a variable that is not a number of at least 0, or no engine */
export function settingsFrom(env: NodeJS.ProcessEnv): LabSettings {
  const number = (name: string, byDefault: number): number => {
    const value = env[name] === undefined || env[name] === '' ? byDefault : Number(env[name]);
    if (!(value >= 0)) throw new Error(`${name} is ${env[name]}; wanted a number`);
    return value;
  };
  const database = ENGINES.find((name) => name === (env.LAB_DATABASE || 'cockroach'));
  if (!database) throw new Error(`LAB_DATABASE is ${env.LAB_DATABASE}; wanted ${ENGINES.join(' or ')}`);
  return {
    megabytes: number('LAB_MEGABYTES', 200),
    database,
    bootDelayMs: number('LAB_BOOT_DELAY_MS', 2000),
    powerDelayMs: number('LAB_POWER_DELAY_MS', 1000),
    apiDelayMs: number('LAB_API_DELAY_MS', 5),
    visitsPerSecond: number('LAB_VISITS_PER_SECOND', 30),
  };
}
