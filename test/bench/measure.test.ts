import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Case, type Workshop } from '../../bench/harness/bench';
import { measure } from '../../bench/harness/measure';

const never = new AbortController().signal;
const quiet = () => undefined;

/** A case of two rows that keeps an account of what was done. */
function caseWith(
  prepare: (workshop: Workshop, did: string[]) => Promise<Case['prepare']> | ReturnType<Case['prepare']>,
) {
  const did: string[] = [];
  const each: Case = {
    name: 'small',
    rounds: 2,
    minutes: 1,
    rows: ['ours', 'theirs'].map((id) => ({ id, what: id, unit: 'ms' })),
    prepare: (workshop) => prepare(workshop, did) as ReturnType<Case['prepare']>,
  };
  return { each, did };
}

const turns = (did: string[]) =>
  ['ours', 'theirs'].map((id) => ({ turn: async () => (did.push(id), { [id]: did.length }) }));

test('contenders take turns, and what was opened is closed last first, its directory with it', async () => {
  let directory = '';
  const { each, did } = caseWith(async (workshop, did) => {
    directory = workshop.directory;
    writeFileSync(join(directory, 'something'), '');
    workshop.onClose(() => did.push('server closed'));
    workshop.onClose(async () => did.push('worker closed'));
    return turns(did);
  });
  const { rows } = await measure(each, quiet, never);
  expect(did).toEqual(['ours', 'theirs', 'ours', 'theirs', 'worker closed', 'server closed']);
  expect(rows.map(({ samples }) => samples)).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(existsSync(directory)).toBe(false);
});

test('one that cannot be prepared is an error, and what it had opened is closed', async () => {
  const { each, did } = caseWith(async (workshop, did) => {
    workshop.onClose(() => did.push('server closed'));
    throw new Error('no server');
  });
  await expect(measure(each, quiet, never)).rejects.toThrow('no server');
  expect(did).toEqual(['server closed']);
});

test('what cannot be closed is said, and keeps nothing else open', async () => {
  const said: string[] = [];
  const { each, did } = caseWith(async (workshop, did) => {
    workshop.onClose(() => did.push('server closed'));
    workshop.onClose(() => {
      throw new Error('the worker hangs');
    });
    return turns(did);
  });
  await measure(each, (line) => said.push(line), never);
  expect(did.at(-1)).toBe('server closed');
  expect(said.at(-1)).toContain('the worker hangs');
});

test('told to end in mid-turn, it closes everything and ends', async () => {
  const ended = new AbortController();
  const { each, did } = caseWith(async (workshop, did) => {
    workshop.onClose(() => did.push('server closed'));
    return [{ turn: () => (ended.abort(new Error('SIGTERM')), new Promise<never>(() => undefined)) }];
  });
  await expect(measure(each, quiet, ended.signal)).rejects.toThrow('SIGTERM');
  expect(did).toEqual(['server closed']);
});
