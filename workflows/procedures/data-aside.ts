import { act } from '../contract/actions';
import { type CatalogueEntry } from '../contract/actions/archives';
import { type Ops } from '../kit/ops';

/** Tells the catalogue what is kept aside on the database host. A cache: nothing fails because of it. */
export async function catalogueAside(ops: Ops): Promise<void> {
  const { name: site, database } = ops.site;
  const listed = await ops.attempt(act.listAside({ database, site }));
  if (!listed) return;
  const where = { host: database.host.name, directory: listed.beside };
  await ops.attempt(act.updateCatalogue({ site, backups: listed.aside, where }));
}

/** Removes the data kept aside whose time is over. What cannot be removed is tried again by the next run. */
export async function removeExpiredAside(ops: Ops, known: readonly CatalogueEntry[]): Promise<void> {
  const { database } = ops.site;
  const expired = known.filter(
    ({ kind, keptUntil }) => kind === 'aside' && keptUntil !== undefined && Date.parse(keptUntil) < Date.now(),
  );
  for (const { name, where } of expired)
    if (where) await ops.attempt(act.removeAside({ database, beside: where.directory, aside: name }));
  if (expired.length > 0) await catalogueAside(ops);
}
