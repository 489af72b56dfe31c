import { checkSearchAttributes, wrongTypeText } from '../../workers/setup';
import { type Check } from './check';

/** Temporal answers, and has the search attributes without which runs hang. */
export const server: Check = {
  name: 'server',
  run: async ({ connection, namespace, address }) => {
    const { missing, wrongType } = await checkSearchAttributes(connection, namespace);
    return [
      { level: 'ok', text: `Temporal answers at ${address}, namespace ${namespace}` },
      ...(missing.length
        ? [
            {
              level: 'problem',
              text: `search attributes are missing: ${missing.join(', ')}; runs would hang`,
              next: 'runbook setup',
            } as const,
          ]
        : []),
      ...(wrongType.length
        ? [
            {
              level: 'problem',
              text: wrongTypeText(namespace, wrongType),
              next: `temporal operator search-attribute remove --name ${wrongType.join(' --name ')}, then: runbook setup`,
            } as const,
          ]
        : []),
    ];
  },
};
