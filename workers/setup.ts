import { type Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributes } from '../workflows/contract/runbooks';

type AttributeType = (typeof searchAttributes)[keyof typeof searchAttributes];

const wireTypes: Readonly<Record<AttributeType, temporal.api.enums.v1.IndexedValueType>> = {
  KEYWORD: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  BOOL: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
};

/** What a namespace lacks of the search attributes that runs set of themselves. */
export interface MissingAttributes {
  readonly missing: readonly string[];
  /** Names that are registered with another type: nothing but removing them by hand helps. */
  readonly wrongType: readonly string[];
}

/** Compares the registered search attributes with the ones runs use, by name and type. */
export async function checkSearchAttributes(connection: Connection, namespace: string): Promise<MissingAttributes> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const wanted = Object.entries(searchAttributes);
  return {
    missing: wanted.filter(([name]) => customAttributes[name] == null).map(([name]) => name),
    wrongType: wanted
      .filter(([name, type]) => customAttributes[name] != null && customAttributes[name] !== wireTypes[type])
      .map(([name]) => name),
  };
}

/**
 * Registers the search attributes a namespace lacks, and returns their names. Safe to repeat.
 *
 * @throws if one is registered with another type: adding it again would silently do nothing
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<readonly string[]> {
  const { missing, wrongType } = await checkSearchAttributes(connection, namespace);
  if (wrongType.length) throw new Error(wrongTypeText(namespace, wrongType));
  if (missing.length)
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(
        missing.map((name) => [name, wireTypes[searchAttributes[name as keyof typeof searchAttributes]]]),
      ),
    });
  return missing;
}

/** What an operator is told about attributes of another type. */
export function wrongTypeText(namespace: string, names: readonly string[]): string {
  const types = names.map((name) => `${name} should be ${searchAttributes[name as keyof typeof searchAttributes]}`);
  return `search attributes of namespace ${namespace} have another type: ${types.join(', ')}; remove them first`;
}
