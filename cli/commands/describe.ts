import { type Command } from 'commander';
import { z } from 'zod';
import { type Context } from '../context';
import { fieldsOf, type InputField, requiredFields, runbookNamed } from '../input';
import { table } from '../render/table';
import { fieldsOf as scheduleFields } from '../schedules/compare';
import { declaredSchedules } from '../schedules/files';
import { type Declared } from '../schedules/schedule';
import { timingText } from '../schedules/timing';

/** `describe <runbook>`: what it is for and what it takes. */
export function addDescribe(program: Command, context: Context): void {
  const { output } = context;
  program
    .command('describe <runbook>')
    .description('what a runbook does, takes and locks, and when it runs by itself; its steps are told by plan')
    .option('--json', 'print it as one JSON document')
    .action(async (given: string, { json }: { json?: boolean }) => {
      const { name, definition } = runbookNamed(given);
      const schedules = (await schedulesHere(context)).filter(({ runbook }) => runbook === name);
      const { summary, workflow, locks, input, result } = definition;
      if (json) {
        const schemas = { input: z.toJSONSchema(input, { io: 'input' }), result: z.toJSONSchema(result) };
        const declared = schedules.map((each) => ({ schedule: each.id, ...scheduleFields(each) }));
        output.json({ runbook: name, summary, workflow, locks, schedules: declared, ...schemas });
        return;
      }
      const required = requiredFields(input);
      output.print([
        output.style.bold(name),
        `  ${summary}`,
        '',
        ...table(
          [
            ['workflow type', workflow],
            ['locks', locks.join(', ') || 'none'],
            ['steps', `runbook plan ${name}`],
            ...schedules.map(({ id, timing }) => ['declared schedule', `${id}: ${timingText(timing)}`]),
          ],
          '  ',
        ),
        '',
        output.style.bold('  input'),
        ...table(
          Object.entries(fieldsOf(input)).map(([field, shape]) => [
            field,
            typeText(shape),
            required.includes(field) && shape.default === undefined ? 'required' : defaultText(shape),
            shape.description ?? '',
          ]),
          '  ',
        ),
      ]);
    });
}

/** What a runbook takes can be told whatever is wrong with the files: then that is said besides. */
async function schedulesHere(context: Context): Promise<readonly Declared[]> {
  try {
    return await declaredSchedules(context);
  } catch (error) {
    context.output.say(`no schedules are shown: ${(error as Error).message}`);
    return [];
  }
}

function typeText({ type, enum: values }: InputField): string {
  return values ? values.join(' | ') : (type ?? 'any');
}

function defaultText({ default: value }: InputField): string {
  return value === undefined || value === '' ? '' : `default ${JSON.stringify(value)}`;
}
