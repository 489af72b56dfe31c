import { type Command } from 'commander';
import { z } from 'zod';
import { type Context } from '../context';
import { fieldsOf, type InputField, requiredFields, runbookNamed } from '../input';
import { table } from '../render/table';

/** `describe <runbook>`: what it is for and what it takes. */
export function addDescribe(program: Command, { output }: Context): void {
  program
    .command('describe <runbook>')
    .description('what a runbook does, takes and locks; its steps are told by plan')
    .option('--json', 'print it as one JSON document')
    .action((given: string, { json }: { json?: boolean }) => {
      const { name, definition } = runbookNamed(given);
      const { summary, workflow, locks, input, result } = definition;
      if (json) {
        const schemas = { input: z.toJSONSchema(input, { io: 'input' }), result: z.toJSONSchema(result) };
        output.json({ runbook: name, summary, workflow, locks, ...schemas });
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
            ['locks', locks.join(', ')],
            ['steps', `runbook plan ${name}`],
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

function typeText({ type, enum: values }: InputField): string {
  return values ? values.join(' | ') : (type ?? 'any');
}

function defaultText({ default: value }: InputField): string {
  return value === undefined || value === '' ? '' : `default ${JSON.stringify(value)}`;
}
