import { actions } from '../../workflows/contract/actions';
import { type RunbookName } from '../../workflows/contract/runbooks';
import { faultText } from './faults';
import { type Violation } from './invariants';
import { drawScenario, inputsOf, quietScenario, type Scenario, type Tried } from './scenario';
import { shrink } from './shrink';
import { Sandbox } from './temporal/sandbox';
import { simulate } from './world';

export const companionActivities = [
  'describeAction',
  'loadSite',
  'requestLock',
  'awaitEnd',
  'cancelRun',
  'lastLanding',
];
/** Every such seed is run twice, and the commands compared. */
const twiceEvery = 50;

/** A seed that has failed, with the shortest scenario that still does. */
export interface Finding extends Violation {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly trace: readonly string[];
}

/** Simulates runs of one runbook, seed by seed. */
export class Simulation {
  private constructor(
    private readonly sandbox: Sandbox,
    readonly runbook: RunbookName,
    private readonly tried: readonly [Tried, ...Tried[]],
    /** Broken already when nothing befalls the run: then there is no need to draw faults. */
    readonly undisturbed: Finding | null,
  ) {}

  static async of(bundleFile: string, runbook: RunbookName, input: object | null): Promise<Simulation> {
    const sandbox = await Sandbox.load(bundleFile, [...Object.keys(actions), ...companionActivities]);
    const tried: Tried[] = [];
    let undisturbed: Finding | null = null;
    for (const each of input ? [input] : inputsOf(runbook)) {
      const scenario = quietScenario(runbook, each);
      const { violation, actions: begun, trace } = await simulate(sandbox, scenario, 'trace');
      undisturbed ??= violation && { ...violation, seed: 0, scenario, trace };
      tried.push({ input: each, actions: [...new Set(begun)] });
    }
    return new Simulation(sandbox, runbook, tried as [Tried, ...Tried[]], undisturbed);
  }

  scenarioOf(seed: number): Scenario {
    return drawScenario(seed, this.runbook, this.tried);
  }

  /** @returns null: no invariant was broken */
  async run(seed: number): Promise<Finding | null> {
    if (this.undisturbed) return this.undisturbed;
    const scenario = this.scenarioOf(seed);
    const violation = await this.#check(scenario, seed % twiceEvery === 0);
    return violation && (await this.shortest(scenario, violation));
  }

  /** Every command in order is the same when it is run again. */
  async #check(scenario: Scenario, twice: boolean): Promise<Violation | null> {
    const { violation, commands } = await simulate(this.sandbox, scenario, twice ? 'commands' : 'nothing');
    if (violation || !twice) return violation;
    const again = await simulate(this.sandbox, scenario, 'commands');
    const index = commands.findIndex((command, at) => command !== again.commands[at]);
    if (index < 0 && commands.length === again.commands.length) return null;
    return {
      invariant: 'workflow code is deterministic and fails only with failures of ours',
      message: `run twice, command ${index} is not the same: ${commands[index]} / ${again.commands[index]}`,
    };
  }

  async shortest(scenario: Scenario, violation: Violation): Promise<Finding> {
    const fails = async (candidate: Scenario) =>
      (await this.#check(candidate, violation.message.startsWith('run twice')))?.invariant === violation.invariant;
    const short = await shrink(scenario, fails);
    const { violation: last, trace } = await simulate(this.sandbox, short, 'trace');
    return { ...(last ?? violation), seed: scenario.seed, scenario: short, trace };
  }

  async trace(scenario: Scenario): Promise<{ violation: Violation | null; trace: readonly string[] }> {
    return await simulate(this.sandbox, scenario, 'trace');
  }
}

/** What a finding says to people. */
export function findingText({ seed, invariant, message, scenario }: Finding): string[] {
  const { faults, runs, found } = scenario;
  const unusual = Object.entries(found)
    .filter(([, value]) => value === true)
    .map(([field]) => field);
  return [
    `seed ${seed}: broken: ${invariant}`,
    `  ${message}`,
    `  the shortest that still fails${runs.length > 1 ? `, with ${runs.length} runs` : ''}${unusual.length > 0 ? `, found with ${unusual.join(', ')}` : ''}:`,
    ...(faults.length > 0 ? faults.map((fault) => `  - ${faultText(fault)}`) : ['  - no fault at all']),
  ];
}
