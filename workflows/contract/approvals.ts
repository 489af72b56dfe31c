import { z } from 'zod';
import './fields';

const text = z.string().regex(/\S/, 'expected words');

/** What the updates `approve` and `reject` take. */
export const decisions = {
  approve: z.strictObject({
    who: text.max(200),
    why: z.string().max(1000).default(''),
    /** The question that was read: refused if another one is asked by now. */
    question: z.string().optional(),
  }),
  reject: z.strictObject({ who: text.max(200), why: text.max(1000), question: z.string().optional() }),
} as const;

export type DecisionName = keyof typeof decisions;
export type Decision = z.input<(typeof decisions)[DecisionName]>;

/** What became of a question; all but `approved` and `waived` mean no. */
export type Answer =
  | Approval
  | { readonly answer: 'rejected'; readonly who: string; readonly why: string; readonly at: string }
  /** Nobody answered in time; or the run has ended first. */
  | { readonly answer: 'expired' | 'withdrawn'; readonly at: string };

/** The answers a run goes on with. */
export type Approval =
  | { readonly answer: 'approved'; readonly who: string; readonly why: string; readonly at: string }
  /** Whoever started the run has approved it beforehand. */
  | { readonly answer: 'waived'; readonly why: string; readonly at: string };

/** A question put to people, in the memo of its run and in the query `progress`. */
export interface Asked {
  readonly question: string;
  /** What has to be known to answer it: short lines of Markdown. */
  readonly details: readonly string[];
  readonly askedAt: string;
  /** No answer by then means no. */
  readonly expiresAt: string;
  /** Null while it waits. */
  readonly answer: Answer | null;
}

/** The question that waits for an answer. */
export function pendingOf(asked: readonly Asked[] | undefined): Asked | null {
  const last = asked?.at(-1);
  return last?.answer === null ? last : null;
}

/** `approved by kari: it is the right one` */
export function answerText(answer: Answer): string {
  switch (answer.answer) {
    case 'approved':
    case 'rejected':
      return `${answer.answer} by ${answer.who}${answer.why ? `: ${answer.why}` : ''}`;
    case 'waived':
      return `waived: ${answer.why}`;
    case 'expired':
      return 'nobody answered in time, which means no';
    case 'withdrawn':
      return 'not answered: the run has ended first';
  }
}
