import { type ProductionRef } from '../../workflows/contract/site';
import { fail } from '../failures';
import { type ActionContext, type Implementations } from '../implementation';
import { describeFloatingIpMove, findFloatingIp, moveFloatingIp, type OpenStack } from '../openstack';
import { type Clock } from '../openstack/clock';
import { type Page, pageInWords, probePage } from './probe';

export interface ProductionDependencies {
  readonly openstack: OpenStack;
  readonly clock: Clock;
}

type ExpectedPage = ProductionRef['up'];

const pauseMs = 100;
/** A page that has not appeared this long after the move does not appear by itself. */
const patienceMs = 30_000;

/** The actions on the public address. */
export function productionActions({
  openstack,
  clock,
}: ProductionDependencies): Pick<Implementations, 'readProduction' | 'takeProductionDown' | 'bringProductionUp'> {
  return {
    readProduction: {
      async do({ production }, { signal }) {
        const { cloud, floatingIp, url, up, down } = production;
        const [address, page, check] = await Promise.all([
          findFloatingIp(openstack.cloud(cloud), floatingIp, { signal }),
          probePage(url, { signal }),
          probePage(down.check, { signal }),
        ]);
        return {
          serving: shows(page, up) ? 'production' : shows(page, down) ? 'fallback' : 'nothing',
          at: address.server,
          // While production is up, what stands there was not written by whoever took it down.
          note: address.server === up.server ? '' : address.description,
          fallbackAnswers: shows(check, down),
        };
      },
    },

    takeProductionDown: {
      do: ({ production, note }, context) => move(production, production.down, note, context),
      async describe({ production, note }, { signal }) {
        const description = await describeMove(production, production.down, note, signal);
        return { ...description, output: { changed: description.changes, at: now() } };
      },
    },

    bringProductionUp: {
      async do({ production, unseen }, context) {
        if (!unseen) return await move(production, production.up, '', context);
        return { ...(await moveAddress(production, production.up, '', context)), at: now() };
      },
      async describe({ production }, { signal }) {
        const description = await describeMove(production, production.up, '', signal);
        // An address that is there now may have been moved away by an earlier step of the plan.
        return { ...description, changes: description.changes || null, output: { changed: true, at: now() } };
      },
    },
  };

  function now(): string {
    return new Date(clock.now()).toISOString();
  }

  function describeMove({ cloud, floatingIp }: ProductionRef, to: ExpectedPage, note: string, signal: AbortSignal) {
    const move = { address: floatingIp, toServer: to.server, description: note };
    return describeFloatingIpMove(openstack.cloud(cloud), move, { signal });
  }

  function moveAddress(
    { cloud, floatingIp }: ProductionRef,
    to: ExpectedPage,
    note: string,
    { signal }: ActionContext,
  ): Promise<{ changed: boolean }> {
    const move = { address: floatingIp, toServer: to.server, description: note };
    return moveFloatingIp(openstack.cloud(cloud), move, { signal });
  }

  /** Moves the address in one request, note included, and returns when a visitor sees the page. */
  async function move(
    production: ProductionRef,
    to: ExpectedPage,
    note: string,
    context: ActionContext,
  ): Promise<{ changed: boolean; at: string }> {
    const { floatingIp, url } = production;
    const { signal, deadlineMs } = context;
    const { changed } = await moveAddress(production, to, note, context);
    const startedMs = clock.now();
    const giveUpMs = Math.min(startedMs + patienceMs, deadlineMs - 4_000);
    for (;;) {
      const page = await probePage(url, { signal });
      if (shows(page, to)) return { changed, at: now() };
      if (clock.now() >= giveUpMs) {
        const waited = Math.round((clock.now() - startedMs) / 1000);
        throw fail(
          'ResourceFailed',
          `${url} answers ${pageInWords(page)} ${waited} s after ${floatingIp} was given to server ${to.server}; ` +
            `wanted ${pageInWords(to)}. Look at ${to.server}: does it serve that page?`,
          { target: `production/${floatingIp}`, operation: 'probe' },
        );
      }
      await clock.sleep(pauseMs, signal);
    }
  }
}

function shows(page: Page, { status, title }: ExpectedPage): boolean {
  return page.status === status && page.title === title;
}
