import { Refusal } from './refusal';
import { type Call } from './service';

/** The minor number of compute API 2.x a call speaks: 1 without a header. @throws Refusal 400 or 406 */
export function computeVersion(call: Call): number {
  const asked = requested(call, 'compute') ?? call.headers['x-openstack-nova-api-version']?.toString() ?? '2.1';
  if (asked === 'latest') return LATEST;
  const minor = /^2\.([1-9]\d*)$/.exec(asked)?.[1];
  if (minor !== undefined && Number(minor) <= LATEST) return Number(minor);
  if (/^[1-9]\d*\.(0|[1-9]\d*)$/.test(asked)) {
    const message = `Version ${asked} is not supported by the API. Minimum is 2.1 and maximum is 2.${LATEST}.`;
    throw new Refusal(406, message, { headers: computeVersionHeaders(asked) });
  }
  throw malformed(asked);
}

/** The headers by which nova says which version it speaks. */
export const computeVersionHeaders = (version: string): Record<string, string> => ({
  'OpenStack-API-Version': `compute ${version}`,
  'X-OpenStack-Nova-API-Version': version,
  Vary: 'X-OpenStack-Nova-API-Version',
});

/** The same for cinder's 3.x, whose answers here do not differ by it. @throws Refusal 400 or 406 */
export function volumeVersionHeaders(call: Call): Record<string, string> {
  const asked = requested(call, 'volume') ?? '3.0';
  const minor = asked === 'latest' ? VOLUME_LATEST : Number(/^3\.(\d+)$/.exec(asked)?.[1] ?? NaN);
  if (!/^(latest|\d+\.\d+)$/.test(asked)) throw malformed(asked);
  if (!(minor <= VOLUME_LATEST)) {
    throw new Refusal(
      406,
      `Version ${asked} is not supported by the API. Minimum is 3.0 and maximum is 3.${VOLUME_LATEST}.`,
    );
  }
  return { 'OpenStack-API-Version': `volume 3.${minor}`, Vary: 'OpenStack-API-Version' };
}

const LATEST = 93;
const VOLUME_LATEST = 70;

/** One header may speak to several services: `compute 2.79, volume 3.59`. */
function requested(call: Call, service: string): string | undefined {
  const parts = (call.headers['openstack-api-version']?.toString() ?? '').split(',').map((part) => part.trim());
  return parts.find((part) => part.startsWith(`${service} `))?.slice(service.length + 1);
}

const malformed = (asked: string): Refusal =>
  new Refusal(400, `API Version String ${asked} is of invalid format. Must be of format MajorNum.MinorNum.`);
