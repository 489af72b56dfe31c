import { type Command } from 'commander';
import {
  answerText,
  type Asked,
  type Decision,
  type DecisionName,
  pendingOf,
} from '../../workflows/contract/approvals';
import { messages } from '../../workflows/contract/messages';
import { type RunMemo } from '../../workflows/contract/runbooks';
import { type Context } from '../context';
import { withTemporal } from '../temporal';
import { updateRun } from '../update-run';
import { whoAsks } from '../who';

interface DecideOptions {
  readonly why?: string;
  readonly who?: string;
  readonly json?: boolean;
}

/** `approve <run>`: answers the question a run waits with by yes. */
export function addApprove(program: Command, context: Context): void {
  const command = program
    .command('approve <run>')
    .description('say yes to what a run, by its workflow id, asks: it goes on')
    .option('--why <reason>', 'kept in the report');
  withDecision(command, context, 'approve');
}

/** `reject <run>`: answers the question a run waits with by no. */
export function addReject(program: Command, context: Context): void {
  const command = program
    .command('reject <run>')
    .description('say no to what a run, by its workflow id, asks: it closes what it has open, and has failed')
    .requiredOption('--why <reason>', 'kept in the report');
  withDecision(command, context, 'reject');
}

function withDecision(command: Command, context: Context, name: DecisionName): void {
  command
    .option('--who <name>', 'who decides; default: you')
    .option('--json', 'print the question and its answer as one JSON document')
    .action(async (workflowId: string, { why = '', who = whoAsks(context.env), json }: DecideOptions) => {
      await withTemporal(context, async (access) => {
        const { runId, answer: asked } = await updateRun<Asked>(access, workflowId, messages[name], ({ memo }) => {
          // The question that is asked now; by the time the answer arrives it may be another one.
          const question = pendingOf((memo as RunMemo | undefined)?.asked)?.question;
          const decision: Decision = { who, why, ...(question === undefined ? {} : { question }) };
          return decision;
        });
        if (json) context.output.json({ workflowId, runId, ...asked });
        else
          context.output.print([
            `${asked.question} ${asked.answer ? answerText(asked.answer) : ''}`,
            `follow it: runbook watch ${workflowId}`,
          ]);
      });
    });
}
