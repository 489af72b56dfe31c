import { fail } from '../failures';
import { type Implementations } from '../implementation';
import { pageInWords, probePage } from '../production/probe';
import { type RestoreDependencies } from './dependencies';

const pauseMs = 250;

/** Whether the application answers, by the path that does not lead through the public address. */
export function applicationAction({ clock }: RestoreDependencies): Pick<Implementations, 'checkApplication'> {
  return {
    checkApplication: {
      async do({ check, status, title, withinSeconds }, context) {
        const { signal, deadlineMs } = context;
        const startedMs = clock.now();
        const giveUpMs = Math.min(startedMs + withinSeconds * 1000, deadlineMs - 4_000);
        for (;;) {
          const page = await probePage(check, { signal });
          if (page.status === status && page.title === title) return { answered: true };
          const seconds = Math.round((clock.now() - startedMs) / 1000);
          if (clock.now() >= giveUpMs)
            throw fail(
              'Unavailable',
              `${check} answers ${pageInWords(page)} after ${seconds} s; wanted ${pageInWords({ status, title })}. Look at the application: does it reach its database?`,
              { target: check, operation: 'checkApplication' },
            );
          context.progress({ done: seconds, unit: 'seconds', note: 'waiting until the application answers' });
          await clock.sleep(pauseMs, signal);
        }
      },
      async describe({ check, status, title, withinSeconds }) {
        return {
          command: `GET ${check}, until it answers ${pageInWords({ status, title })}, at most ${withinSeconds} s`,
          now: null,
          changes: false,
          output: { answered: true },
        };
      },
    },
  };
}
