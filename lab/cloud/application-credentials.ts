import { randomBytes } from 'node:crypto';
import { keystoneBody, missingProperty } from './keystone-request';
import { Refusal } from './refusal';
import { asObject, ok, param, type Answer, type Call, type Route } from './service';
import { hexId, type ApplicationCredential } from './state';
import { type Store } from './store';

/** There is none of that id, or none any more. */
export const noCredential = (id: string): Refusal => new Refusal(404, `Could not find Application Credential: ${id}.`);

/** The user's application credentials: list, create, delete. The secret is shown once, on creation. */
export function credentialRoutes(store: Store, url: string, role: { id: string; name: string }): Route[] {
  const { ids, credentials } = store.state;
  const path = '/v3/users/:user/application_credentials';

  const view = ({ id, name }: ApplicationCredential): Record<string, unknown> => ({
    id,
    name,
    description: null,
    user_id: ids.user,
    project_id: ids.project,
    system: null,
    expires_at: null,
    unrestricted: null,
    roles: [{ ...role, domain_id: null, description: null, options: { immutable: true } }],
    links: { self: `${url}/application_credentials/${id}` },
  });

  function create(call: Call): Answer {
    const given = asObject(keystoneBody(call).application_credential);
    const { name } = given;
    if (typeof name !== 'string') throw missingProperty('name', given);
    if (credentials.some((credential) => credential.name === name)) {
      const problem = `Duplicate entry found with name ${name}.`;
      throw new Refusal(409, `Conflict occurred attempting to store application_credential - ${problem}`);
    }
    const credential = { id: hexId(), name, secret: randomBytes(64).toString('base64url') };
    credentials.push(credential);
    store.accepted();
    return { status: 201, body: { application_credential: { ...view(credential), secret: credential.secret } } };
  }

  function remove(call: Call): Answer {
    const index = credentials.findIndex(({ id }) => id === param(call, 'id'));
    if (index < 0) throw noCredential(param(call, 'id'));
    credentials.splice(index, 1);
    store.accepted();
    return { status: 204 };
  }

  return [
    { method: 'GET', path, handle: () => ok({ application_credentials: credentials.map(view) }) },
    { method: 'POST', path, handle: create },
    { method: 'DELETE', path: `${path}/:id`, handle: remove },
  ];
}
