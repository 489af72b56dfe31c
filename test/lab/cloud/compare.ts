/** Keys whose values, and not only their types, have to be those recorded. */
const EXACT = new Set([
  ...[
    'id',
    'name',
    'status',
    'OS-EXT-STS:vm_state',
    'OS-EXT-STS:task_state',
    'OS-EXT-STS:power_state',
    'locked',
    'version',
  ],
  ...['min_version', 'methods', 'interface', 'type', 'action', 'message', 'code', 'role', 'drill', 'addr', 'region'],
  ...[
    'floating_ip_address',
    'floating_network_id',
    'port_id',
    'fixed_ip_address',
    'router_id',
    'device_id',
    'description',
  ],
  ...['mac_address', 'serverId', 'volumeId', 'server_id', 'volume_id', 'size', 'tenant_id', 'progress', 'rel'],
  ...['OS-EXT-AZ:availability_zone', 'instance_uuid', 'project_id', 'network_id', 'subnet_id', 'ip_address', 'roles'],
]);

/**
 * What differs between a recorded body and one of the simulator, a line each: keys that are missing or too many, other
 * types, and other values of the keys a client decides by.
 */
export function differences(recorded: unknown, actual: unknown, path = '', exact = false): string[] {
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    if (recorded.length !== actual.length) {
      return [`${path}: ${recorded.length} elements recorded, ${actual.length} here`];
    }
    return recorded.flatMap((each, index) => differences(each, actual[index], `${path}[${index}]`, exact));
  }
  if (isObject(recorded) && isObject(actual)) {
    const missing = Object.keys(recorded).filter((key) => !(key in actual));
    const extra = Object.keys(actual).filter((key) => !(key in recorded));
    const common = Object.keys(recorded).filter((key) => key in actual);
    return [
      ...missing.map((key) => `${path}.${key}: missing`),
      ...extra.map((key) => `${path}.${key}: not recorded`),
      ...common.flatMap((key) => differences(recorded[key], actual[key], `${path}.${key}`, EXACT.has(key))),
    ];
  }
  if (kind(recorded) !== kind(actual)) return [`${path}: ${kind(recorded)} recorded, ${kind(actual)} here`];
  if (exact && recorded !== actual) return [`${path}: ${String(recorded)} recorded, ${String(actual)} here`];
  return [];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kind = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
