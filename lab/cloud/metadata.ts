import { Refusal } from './refusal';
import { asObject, isObject, jsonBody, ok, param, type Answer, type Call, type Route } from './service';
import { type ServerRecord } from './state';
import { type Store } from './store';

/** A server's metadata below `path`: read, merge, replace, and one key at a time. */
export function metadataRoutes(path: string, find: (call: Call) => ServerRecord, store: Store): Route[] {
  function write(server: ServerRecord, metadata: Record<string, string>): Answer {
    server.metadata = metadata;
    store.touch(server);
    store.accepted();
    return ok({ metadata });
  }

  function read(call: Call): { server: ServerRecord; key: string; value: string } {
    const server = find(call);
    const key = param(call, 'key');
    const value = server.metadata[key];
    if (value === undefined) throw new Refusal(404, 'Metadata item was not found');
    return { server, key, value };
  }

  function merge(call: Call): Answer {
    const server = find(call);
    return write(server, { ...server.metadata, ...strings(jsonBody(call, MALFORMED).metadata, 'metadata') });
  }

  function putKey(call: Call): Answer {
    const server = find(call);
    const key = param(call, 'key');
    const value = strings(jsonBody(call, MALFORMED).meta, 'meta')[key];
    if (value === undefined) throw new Refusal(400, 'Request body and URI mismatch');
    write(server, { ...server.metadata, [key]: value });
    return ok({ meta: { [key]: value } });
  }

  function deleteKey(call: Call): Answer {
    const { server, key } = read(call);
    write(server, Object.fromEntries(Object.entries(server.metadata).filter(([name]) => name !== key)));
    return { status: 204 };
  }

  function showKey(call: Call): Answer {
    const { key, value } = read(call);
    return ok({ meta: { [key]: value } });
  }

  return [
    { method: 'GET', path, handle: (call) => ok({ metadata: find(call).metadata }) },
    { method: 'POST', path, handle: merge },
    {
      method: 'PUT',
      path,
      handle: (call) => write(find(call), strings(jsonBody(call, MALFORMED).metadata, 'metadata')),
    },
    { method: 'GET', path: `${path}/:key`, handle: showKey },
    { method: 'PUT', path: `${path}/:key`, handle: putKey },
    { method: 'DELETE', path: `${path}/:key`, handle: deleteKey },
  ];
}

const MALFORMED = 'Malformed request body';

function strings(value: unknown, field: string): Record<string, string> {
  const entries = Object.entries(asObject(value));
  for (const [key, each] of entries) {
    if (typeof each === 'string' && each.length <= 255) continue;
    const shown = JSON.stringify(each);
    throw new Refusal(
      400,
      `Invalid input for field/attribute ${key}. Value: ${shown}. ${shown} is not of type 'string'`,
    );
  }
  if (!isObject(value)) throw new Refusal(400, `Invalid input for field/attribute ${field}. Value: ${String(value)}.`);
  return Object.fromEntries(entries) as Record<string, string>;
}
