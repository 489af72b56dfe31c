import path from 'node:path';

/** A directory of the machine that hosts see, read-only, under another name. */
export interface Bind {
  readonly from: string;
  readonly to: string;
}

/**
 * What a host must see to run the lab's programs: the built `lab` folder as `/lab/app`, and the packages where Node
 * looks for them from there. Nothing else of the checkout need be visible.
 *
 * @param built the built `lab` folder. @default the one this code runs from
 */
export function applicationBinds(built = path.join(__dirname, '..')): Bind[] {
  return [
    { from: built, to: '/lab/app' },
    { from: packages(), to: '/lab/node_modules' },
    { from: path.dirname(process.execPath), to: '/lab/node' },
  ];
}

function packages(): string {
  const file = require.resolve('pg');
  return file.slice(0, file.lastIndexOf(`${path.sep}node_modules${path.sep}`) + '/node_modules'.length);
}
