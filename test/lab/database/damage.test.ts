import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { damageStore } from '../../../lab/database/damage';

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

function store(files: number): string {
  const directory = mkdtempSync(join(tmpdir(), 'store-'));
  directories.push(directory);
  for (const part of ['base', 'pg_wal']) mkdirSync(join(directory, part));
  writeFileSync(join(directory, 'pg_wal/000001'), Buffer.alloc(1_000_000));
  for (let file = 0; file < files; file++)
    writeFileSync(join(directory, 'base', `${file}`), Buffer.alloc(20_000 + file));
  return directory;
}

test('three data files go and one is corrupted, the same ones for the same seed', () => {
  const [one, same, other] = [store(30), store(30), store(30)];
  const damage = damageStore(one, 1);
  expect(damage.deleted).toHaveLength(3);
  expect(damageStore(same, 1)).toEqual(damage);
  expect(damageStore(other, 2)).not.toEqual(damage);

  expect(readdirSync(join(one, 'base'))).toHaveLength(27);
  expect(readFileSync(join(one, 'pg_wal/000001')).every((byte) => byte === 0)).toBe(true);
  for (const file of readdirSync(join(one, 'base')))
    expect([file, readFileSync(join(one, 'base', file)).some((byte) => byte !== 0)]).toEqual([
      file,
      damage.corrupted === join('base', file),
    ]);
  expect(readFileSync(join(one, damage.corrupted))).toEqual(readFileSync(join(same, damage.corrupted)));
});

test('it is the settled data that suffers, where there is some', () => {
  const directory = store(30);
  for (let file = 0; file < 7; file++) writeFileSync(join(directory, `00000${file}.sst`), Buffer.alloc(9_000));
  const { deleted, corrupted } = damageStore(directory, 1);
  expect([...deleted, corrupted].filter((file) => !file.endsWith('.sst'))).toEqual([]);
});

test('without a store there is nothing to damage', () => {
  expect(() => damageStore(join(tmpdir(), 'nowhere'), 1)).toThrow('there is no store');
  expect(() => damageStore(store(3), 1)).toThrow('there is no store');
});
