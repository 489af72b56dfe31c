import { Refusal } from './refusal';
import { type Call } from './service';

/** A page of a list and the link to the next one, if the page is full. */
export interface Page<Item> {
  items: Item[];
  links: { rel: string; href: string }[] | undefined;
}

/**
 * Cuts a list by `limit` and `marker`, as nova and cinder do: a full page has a link to the next, even when that is empty.
 *
 * @throws Refusal 400 on a limit that is no number and on an unknown marker
 */
export function paged<Item extends { id: string }>(items: readonly Item[], call: Call, url: string): Page<Item> {
  const marker = call.query.get('marker');
  const limit = call.query.get('limit');
  if (limit !== null && !/^\d+$/.test(limit)) {
    const problem = `'${limit}' does not match '^[0-9]*$'`;
    throw new Refusal(400, `Invalid input for query parameters limit. Value: ${limit}. ${problem}`);
  }
  const start = marker === null ? 0 : items.findIndex(({ id }) => id === marker) + 1;
  if (marker !== null && start === 0) throw new Refusal(400, `marker [${marker}] not found`);
  const page = items.slice(start, start + Number(limit ?? 1000));
  const last = page.at(-1);
  if (limit === null || page.length < Number(limit) || !last) return { items: page, links: undefined };
  const next = new URLSearchParams(call.query);
  next.set('marker', last.id);
  return { items: page, links: [{ rel: 'next', href: `${url}${call.path}?${next.toString()}` }] };
}
