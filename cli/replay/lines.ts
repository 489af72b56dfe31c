import { SourceMap, type SourceMapping, type SourceMapPayload } from 'node:module';
import { type Position } from './tracer';

/** Finds the line of workflow code in a stack of the bundle; empty where there is none. */
export type FindLine = (stack: readonly Position[]) => string;

/**
 * Reads the bundle's own source map.
 *
 * The line is that of the runbook, procedure or companion, as `workflows/daily-backup.ts:40`; of the kit where there is
 * no other on the stack.
 * @param root the directory that holds `workflows/`
 */
export function linesOf(bundleCode: string, root: string): FindLine {
  const [, encoded = ''] = /sourceMappingURL=data:application\/json;[^,]*base64,(\S+)/.exec(bundleCode) ?? [];
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload);
  return (stack) => {
    const lines = stack.flatMap(({ line, column }) => {
      const { originalSource = '', originalLine = 0 } = map.findEntry(line - 1, column - 1) as Partial<SourceMapping>;
      const inWorkflows = originalSource.startsWith(`${root}/workflows/`);
      return inWorkflows ? [`${originalSource.slice(root.length + 1)}:${originalLine + 1}`] : [];
    });
    return lines.find((line) => !line.startsWith('workflows/kit/')) ?? lines[0] ?? '';
  };
}
