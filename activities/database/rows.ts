/**
 * The rows of each table, from lines `<table>,<rows>`.
 *
 * @throws Error if a table has no line: no answer is not 0
 */
export function readRows(output: string, tables: readonly string[]): Record<string, number> {
  const found = new Map([...output.matchAll(/^([a-z0-9_]+),(\d+)\r?$/gm)].map(([, table, count]) => [table, count]));
  return Object.fromEntries(
    tables.map((table) => {
      const count = found.get(table);
      if (count === undefined) throw new Error(`no count of table ${table} in: ${output.slice(0, 200)}`);
      return [table, Number(count)];
    }),
  );
}
