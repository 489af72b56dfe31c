import path from 'node:path';
import { CommandFailure } from '../failure';

/** Where a server keeps what `nodelocal://1/...` names; undefined if it was told `--external-io-dir=disabled`. */
export type ExternalDirectory = string | undefined;

/** The directory that a `nodelocal://` address names. @throws CommandFailure in the words of the real program */
export function nodelocal(uri: string, external: ExternalDirectory): string {
  const [, node, rest = ''] = /^nodelocal:\/\/([^/]*)(\/.*)?$/.exec(uri) ?? [];
  if (node === undefined) throw new CommandFailure(`the stand-in knows nodelocal storage only: ${uri}`);
  if (node === '')
    throw new CommandFailure(
      `host component of nodelocal URI must be a node ID (use 'self' to specify each node should access its own local filesystem): ${uri}`,
    );
  if (node !== '1' && node !== 'self')
    throw new CommandFailure(
      `failed to create blob client: connecting to node ${node}: failed to resolve n${node}: unable to look up descriptor for n${node}`,
    );
  if (external === undefined)
    throw new CommandFailure('rpc error: code = Unknown desc = getting stat of file: local file access is disabled');
  const directory = path.join(external, rest);
  if (path.relative(external, directory).startsWith('..'))
    throw new CommandFailure(`local file access to paths outside of external-io-dir is not allowed: ${rest}`);
  return directory;
}

/** The failure of a file that is not in that storage. */
export function missing(file: string): CommandFailure {
  return new CommandFailure(
    `nodelocal storage file does not exist: rpc error: code = NotFound desc = stat ${file}: no such file or directory: external_storage: file doesn't exist`,
  );
}
