import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { type z } from 'zod';
import { parseWith, pathText, type Problem } from '../../workflows/contract/problems';

/** Something wrong with a file, and where. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

export type ParsedFile<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** Puts what is found out later at its place in the file. */
      readonly place: (problem: Problem) => FileProblem;
    }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Parses the text of a YAML file by a schema and finds everything that is wrong with it, not only the first thing. */
export function parseYamlFile<S extends z.ZodType>(schema: S, file: string, text: string): ParsedFile<z.output<S>> {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = [...yaml.errors, ...yaml.warnings];
  if (broken.length)
    return {
      ok: false,
      problems: broken.map(({ pos, message }) => ({
        ...at(pos[0]),
        path: '(all)',
        message: `${message.split(' at line ')[0]}, expected YAML`,
      })),
    };
  const place = (problem: Problem): FileProblem => ({
    ...at(offsetOf(yaml.contents, problem)),
    path: pathText(problem.path),
    message: problem.message,
  });
  const parsed = parseWith(schema, yaml.toJS());
  if (parsed.ok) return { ok: true, value: parsed.value, place };
  return { ok: false, problems: parsed.problems.map(place).sort((a, b) => a.line - b.line || a.column - b.column) };
}

/** `site.yaml:3:5: hosts.db1.adress: unknown key, expected one of ...` */
export function fileProblemText({ file, line, column, path, message }: FileProblem): string {
  return `${file}:${line}:${column}: ${path}: ${message}`;
}

/** Where a problem is in the text: at its key or value, or at the nearest thing around it that exists. */
function offsetOf(root: Node | null, { path, atKey }: Problem): number {
  let node = root;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    const pair = isMap(node)
      ? node.items.find(
          (item) => isPair(item) && String(isScalar(item.key) ? item.key.value : item.key) === String(part),
        )
      : undefined;
    const key = (pair?.key ?? null) as Node | null;
    const value = isMap(node) ? (pair?.value as Node | null | undefined) : itemOf(node, part);
    if (key?.range) offset = key.range[0];
    if (index === path.length - 1 && atKey) return offset;
    if (!value) return offset;
    // A mapping begins at its first key: the key above it says more about what lacks in it.
    if (value.range && (!isMap(value) || typeof part === 'number')) offset = value.range[0];
    node = value;
  }
  return offset;
}

function itemOf(node: Node | null, part: string | number): Node | undefined {
  const items = node && 'items' in node ? (node.items as unknown as Node[]) : [];
  return typeof part === 'number' ? items[part] : undefined;
}
