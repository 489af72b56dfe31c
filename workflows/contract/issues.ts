import { type z } from 'zod';

/** The problems zod found, as one line for people: `keep: expected number to be >=1`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => `${path.length > 0 ? path.join('.') : '(the whole)'}: ${lowerFirst(message)}`)
    .join('; ');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
