import { Refusal } from './refusal';
import { jsonBody, type Call } from './service';

/** The request's JSON object. @throws Refusal 400, in keystone's words. */
export const keystoneBody = (call: Call): Record<string, unknown> =>
  jsonBody(
    call,
    'Expecting to find valid JSON in request body. The server could not comply with the request since it is either ' +
      'malformed or otherwise incorrect. The client is assumed to be in error.',
  );

/** Keystone checks requests against a schema and tells all of it; here the first line has to do. */
export const missingProperty = (property: string, instance: unknown): Refusal =>
  new Refusal(400, `'${property}' is a required property\n\nOn instance:\n    ${JSON.stringify(instance)}`);
