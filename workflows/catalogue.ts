import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type z } from 'zod';
import { act } from './contract/actions';
import { type CatalogueEntry } from './contract/actions/archives';
import { type BackupWatch, type CatalogueInput, catalogueMessages } from './contract/backups';
import { messages } from './contract/messages';
import { parseWith, problemsText } from './contract/problems';
import { carryOut } from './kit/carry-out';
import { afterTelling, planAlarm } from './planners/backup-alarm';
import { placeText, reconcile, type Seen, withDrill } from './planners/catalogue';

const backups = defineQuery<CatalogueEntry[]>(messages.backups);

type State = Required<CatalogueInput>['carried'];

/**
 * What is known of a site's backups while their server is off; and the alarm when there is none within its limit.
 *
 * A cache: the manifests beside the archives are the truth, and every run that looks at a place sends what lies there.
 * Commands are made only once there is somebody to tell: catalogues of before, which know nobody, replay as they were.
 */
export async function catalogue(input: CatalogueInput): Promise<void> {
  return await new Catalogue(input).run();
}

class Catalogue {
  #state: State;
  #changes = 0;

  constructor(private readonly input: CatalogueInput) {
    this.#state = input.carried ?? { entries: [], watch: null, alarm: null, news: [] };
    if (input.backups) this.#see({ backups: [...input.backups], where: null, by: '' });
  }

  async run(): Promise<void> {
    setHandler(backups, () => [...this.#state.entries], { description: 'The backups, newest first' });
    this.#hear('catalogued', (report) => {
      if (Array.isArray(report)) return this.#see({ backups: report, where: null, by: '' });
      this.#see(report);
      this.#watch(report.watch);
    });
    this.#hear('drilled', (drill) => this.#change({ entries: withDrill(this.#state.entries, drill) }));
    this.#hear('watched', (watch) => this.#watch(watch));
    this.#show();
    while (!workflowInfo().continueAsNewSuggested) await this.#next();
    await continueAsNew<typeof catalogue>({ site: this.input.site, carried: this.#state });
  }

  /** Anybody can send a signal: one that makes no sense must not stand in the way of the others. */
  #hear<N extends keyof typeof catalogueMessages>(
    name: N,
    take: (content: z.output<(typeof catalogueMessages)[N]>) => void,
  ): void {
    setHandler(defineSignal<[unknown]>(messages[name]), (sent) => {
      const parsed = parseWith(catalogueMessages[name], sent);
      if (parsed.ok) take(parsed.value as z.output<(typeof catalogueMessages)[N]>);
      else log.warn(`the message ${name} was ignored: ${problemsText(parsed.problems)}`);
    });
  }

  /** Does what is to be done now, or waits for a change or the moment it has to be done. */
  async #next(): Promise<void> {
    const { entries, watch, alarm, news } = this.#state;
    const changes = this.#changes;
    const changed = () => this.#changes !== changes || workflowInfo().continueAsNewSuggested;
    if (!watch) return await condition(changed);

    const [text] = news;
    if (text !== undefined) {
      await this.#tell('alarm', text);
      return this.#change({ news: this.#state.news.slice(1) });
    }
    const step = planAlarm(this.input.site, entries, watch, alarm, Date.now());
    if (step.do === 'wait') {
      await condition(changed, step.untilMs - Date.now(), {
        summary: `Is there a verified backup of ${this.input.site} by then?`,
      });
      return;
    }
    const told = await this.#tell(step.kind, step.text);
    this.#change({ alarm: afterTelling(step.kind, told, Date.now()) });
  }

  #see(seen: Seen): void {
    const { entries, news } = reconcile(this.#state.entries, seen, new Date().toISOString());
    this.#change({ entries, news: [...this.#state.news, ...news] });
  }

  #watch(watch: BackupWatch): void {
    this.#change({ watch: { ...watch, since: this.#state.watch?.since ?? Date.now() } });
  }

  #change(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    this.#changes += 1;
    this.#show();
  }

  /** @returns whether it was told; nobody to tell is told */
  async #tell(kind: 'alarm' | 'recovered', text: string): Promise<boolean> {
    const { site } = this.input;
    const { workflowId, runId } = workflowInfo();
    const targets = this.#state.watch?.notify ?? [];
    if (targets.length === 0) return true;
    const action = act.notify({ targets: [...targets], kind, run: workflowId, text });
    const title = `Tell: ${kind}`;
    const call = { site, runbook: 'catalogue', workflowId, runId, title, key: `${workflowId}-${kind}` };
    return await carryOut(action, { ...call, fence: null, guard: null, alarm: [] }).then(
      () => true,
      () => false,
    );
  }

  #show(): void {
    const { entries, watch, alarm } = this.#state;
    const state = alarm?.kind === 'alarm' ? '**No verified backup within the limit.**' : null;
    setCurrentDetails(
      [
        `### Backups of ${this.input.site}`,
        '',
        ...(state ? [state, ''] : []),
        ...entries.map((entry) => `- ${inWords(entry)}`),
        ...(watch ? ['', `The last verified one may be ${watch.maxAgeHours} h old.`] : []),
      ].join('\n'),
    );
  }
}

function inWords({ kind, name, createdAt, verified, where, missingSince, keptUntil }: CatalogueEntry): string {
  const words = [name, createdAt];
  if (kind === 'aside') words.push(`moved aside${keptUntil ? `, kept until ${keptUntil}` : ''}`);
  else words.push(verified ? 'verified' : '**not verified**');
  if (where) words.push(placeText(where));
  if (missingSince) words.push(`**missing** since ${missingSince}`);
  return words.join(', ');
}
