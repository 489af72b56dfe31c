import { isMap, isPair, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { type SiteDocument, siteDocument } from '../../workflows/contract/site';
import { parseWith, pathText, type Problem } from '../../workflows/contract/problems';

/** Something wrong with a site file, and where. Lines and columns count from 1. */
export interface SiteFileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

export type ParsedSite =
  | { readonly ok: true; readonly document: SiteDocument }
  | { readonly ok: false; readonly problems: readonly SiteFileProblem[] };

/** Parses the text of a site file and finds everything that is wrong with it, not only the first thing. */
export function parseSiteFile(file: string, text: string): ParsedSite {
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
  const parsed = parseWith(siteDocument, yaml.toJS());
  if (parsed.ok) return { ok: true, document: parsed.value };
  return {
    ok: false,
    problems: parsed.problems
      .map((problem) => ({ offset: offsetOf(yaml.contents, problem), problem }))
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, problem }) => ({ ...at(offset), path: pathText(problem.path), message: problem.message })),
  };
}

/** `site.yaml:3:5: hosts.db1.adress: unknown key, expected one of ...` */
export function siteProblemText({ file, line, column, path, message }: SiteFileProblem): string {
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
