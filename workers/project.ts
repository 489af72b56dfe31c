import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's directory: the nearest one above this file that has a package.json, whether this file is built or not. */
export const projectRoot = nearestAbove(__dirname);

function nearestAbove(directory: string): string {
  if (existsSync(join(directory, 'package.json')) || dirname(directory) === directory) return directory;
  return nearestAbove(dirname(directory));
}
