import { condition, defineUpdate, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { type NotificationKind } from '../contract/actions/notify';
import {
  type Answer,
  answerText,
  type Approval,
  type Asked,
  type Decision,
  type DecisionName,
  decisions,
  pendingOf,
} from '../contract/approvals';
import { messages } from '../contract/messages';
import { parseWith, problemsText } from '../contract/problems';
import { type Checklist } from './checklist';
import { fail } from './failures';

/** What a runbook asks people. */
export interface Question {
  /** To be answered by yes or no: `Restore lab-20261120 into production?` */
  readonly question: string;
  /** What has to be known to answer it (what would be lost): short lines of Markdown. */
  readonly details?: readonly string[];
  /** No answer by then means no. @default one hour */
  readonly expiresSeconds?: number;
  /** Why nobody is asked: whoever started the run has approved it beforehand. */
  readonly waived?: string;
}

/** What of a run a question touches besides its checklist. */
export interface Asker {
  readonly tell: (kind: NotificationKind, text: string) => void;
  /** Writes at the lock what its holder is at; null: nothing to be said. */
  readonly note: (note: string | null) => Promise<void>;
  /** What a no has left behind, in words. */
  readonly untouched: () => string;
}

const defaultExpirySeconds = 3600;
const waiting = 'waits for a person';

const updates = {
  approve: defineUpdate<Asked, [Decision]>(messages.approve),
  reject: defineUpdate<Asked, [Decision]>(messages.reject),
} as const;

/**
 * The questions of one run, and their answers.
 *
 * Invariants: one question at a time, one answer to a question; what answers it is decided by the first of approval,
 * rejection, expiry and the end of the run that the run hears of.
 */
export class Questions {
  constructor(
    private readonly checklist: Checklist,
    private readonly phase: (text: string) => void,
  ) {}

  /** First thing in a run: an answer may arrive before anything is asked, and is refused then. */
  listen(): void {
    this.#take('approve', 'approved', 'Answer the question of the run with yes: { who, why }');
    this.#take('reject', 'rejected', 'Answer the question of the run with no, which ends it: { who, why }');
  }

  /**
   * Returns when somebody has said yes.
   *
   * @throws `PreconditionFailed` for a rejection and an expiry; the cancellation of a run that is ended meanwhile
   */
  async ask(question: Question, asker: Asker): Promise<Approval> {
    const { question: text, details = [], expiresSeconds = defaultExpirySeconds, waived } = question;
    const title = askTitle(question);
    const now = Date.now();
    const asked = { question: text, details, askedAt: iso(now), expiresAt: iso(now + expiresSeconds * 1000) };
    if (waived !== undefined) {
      const answer = { answer: 'waived', why: waived, at: iso(now) } as const;
      this.#record([...this.checklist.asked, { ...asked, answer }]);
      this.checklist.begin(title, 'ask', { below: details })('skipped', answerText(answer));
      return answer;
    }

    const { workflowId } = workflowInfo();
    const how = `Answer by ${asked.expiresAt}: \`runbook approve ${workflowId}\` or \`runbook reject ${workflowId} --why …\``;
    const before = this.checklist.progress().phase;
    const end = this.checklist.begin(title, 'ask', { below: details, whileRunning: how });
    this.#record([...this.checklist.asked, { ...asked, answer: null }]);
    this.phase(waiting);
    asker.tell('asked', [text, ...details, how].join('\n'));
    let answer: Answer;
    let ended: 'expired' | 'withdrawn' = 'withdrawn';
    try {
      await asker.note(waiting);
      await condition(() => !pendingOf(this.checklist.asked), Date.parse(asked.expiresAt) - Date.now(), {
        summary: `No answer by now means no: ${text}`.slice(0, 180),
      });
      ended = 'expired';
    } finally {
      // Whoever was first has settled it.
      answer = this.#settle({ answer: ended, at: iso(Date.now()) });
      const yes = answer.answer === 'approved';
      end(yes ? 'done' : 'failed', answerText(answer));
      this.phase(yes ? before : answer.answer);
      if (answer.answer !== 'withdrawn') asker.tell('answered', `${text} ${answerText(answer)}`);
      await asker.note(null);
    }
    if (answer.answer === 'approved') return answer;
    throw fail('PreconditionFailed', `${title} ${answerText(answer)}; ${asker.untouched()}`, {
      operation: 'ask',
      step: title,
    });
  }

  #take(name: DecisionName, answer: 'approved' | 'rejected', description: string): void {
    setHandler(
      updates[name],
      (decision) => {
        const { who, why } = decisions[name].parse(decision);
        this.#settle({ answer, who, why, at: iso(Date.now()) });
        return this.checklist.asked.at(-1) as Asked;
      },
      { description, validator: (decision) => this.#refuse(name, decision) },
    );
  }

  #refuse(name: DecisionName, decision: unknown): void {
    const parsed = parseWith(decisions[name], decision ?? {});
    if (!parsed.ok) throw fail('InvalidInput', `${name}: ${problemsText(parsed.problems)}`);
    const last = this.checklist.asked.at(-1);
    if (!last) throw fail('PreconditionFailed', `this run asks nothing`);
    if (last.answer) throw fail('Conflict', `answered already: ${last.question} ${answerText(last.answer)}`);
    // Whether its timer or this decision comes first is chance when no worker was there for a while.
    if (Date.now() >= Date.parse(last.expiresAt))
      throw fail('Conflict', `too late: ${last.question} had to be answered by ${last.expiresAt}`);
    const { question } = parsed.value;
    if (question !== undefined && question !== last.question)
      throw fail('Conflict', `another question is asked by now: ${last.question}`);
  }

  /** @returns the answer that counts: this one, or the one that was there before */
  #settle(answer: Answer): Answer {
    const pending = pendingOf(this.checklist.asked);
    if (pending) this.#record([...this.checklist.asked.slice(0, -1), { ...pending, answer }]);
    return this.checklist.asked.at(-1)?.answer ?? answer;
  }

  /** In the memo, too: readable after *Terminate* and with no worker. */
  #record(asked: readonly Asked[]): void {
    this.checklist.asked = asked;
    upsertMemo({ asked });
  }
}

/** The line on the checklist, in a plan and in a failure. */
export function askTitle({ question }: Pick<Question, 'question'>): string {
  return `Ask: ${question}`;
}

const iso = (ms: number) => new Date(ms).toISOString();
