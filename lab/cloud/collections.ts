import { Refusal } from './refusal';
import { asObject, ok, param, type Call, type Route } from './service';

/** What neutron holds: plain attributes. */
export type Resource = Record<string, unknown> & { id: string };

/** A kind of resource: its name in a path, in an answer, and in an error. */
export interface Collection {
  plural: string;
  singular: string;
  error: string;
  missing: (id: string) => string;
  all: () => Resource[];
}

/** A collection in neutron's usual words. */
export const collection = (
  singular: string,
  error: string,
  title: string,
  all: () => Resource[],
  end = '.',
): Collection => ({
  singular,
  plural: `${singular}s`,
  error,
  missing: (id) => `${title} ${id} could not be found${end}`,
  all,
});

/** List and show, with filters and `fields`. An unscoped token sees an empty cloud. */
export function collectionRoutes({ plural, singular, error, missing, all }: Collection): Route[] {
  const visible = (call: Call): Resource[] => (call.token?.scoped ? all() : []);
  return [
    {
      method: 'GET',
      path: `/v2.0/${plural}`,
      handle: (call) => ok({ [plural]: filtered(visible(call), call.query).map((each) => selected(each, call.query)) }),
    },
    {
      method: 'GET',
      path: `/v2.0/${plural}/:id`,
      handle: (call) => {
        const found = visible(call).find(({ id }) => id === param(call, 'id'));
        if (!found) throw new Refusal(404, missing(param(call, 'id')), { type: error });
        return ok({ [singular]: selected(found, call.query) });
      },
    },
  ];
}

/** Query parameters that are no attribute to filter by. */
const NOT_A_FILTER = ['fields', 'limit', 'marker', 'sort_key', 'sort_dir', 'page_reverse'];

/** Every other parameter names an attribute; given several times, any of its values will do. */
function filtered(resources: Resource[], query: URLSearchParams): Resource[] {
  const keys = [...new Set(query.keys())].filter((key) => !NOT_A_FILTER.includes(key));
  const unknown = keys.filter((key) => resources.length > 0 && !resources.some((resource) => key in resource));
  if (unknown.length > 0) {
    const names = unknown.map((key) => `'${key}'`).join(', ');
    throw new Refusal(400, `Invalid input for operation: [${names}] is invalid attribute for filtering.`, {
      type: 'InvalidInput',
    });
  }
  return resources.filter((resource) =>
    keys.every((key) => query.getAll(key).some((value) => matches(resource[key], value))),
  );
}

/** `fixed_ips=ip_address=10.0.0.3` looks into the addresses; booleans may be written in any case. */
function matches(attribute: unknown, value: string): boolean {
  if (Array.isArray(attribute)) {
    const [field = '', wanted] = value.split('=');
    return attribute.some((each) => (wanted === undefined ? each === value : asObject(each)[field] === wanted));
  }
  if (typeof attribute === 'boolean') return String(attribute) === value.toLowerCase();
  return attribute === value || (attribute === null && value === '');
}

function selected(resource: Resource, query: URLSearchParams): Record<string, unknown> {
  const fields = query.getAll('fields');
  if (fields.length === 0) return resource;
  return Object.fromEntries(Object.entries(resource).filter(([name]) => fields.includes(name)));
}
