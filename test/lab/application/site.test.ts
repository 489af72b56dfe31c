import { Agent } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { visit } from '../../../lab/visitor/browser';
import { findPostsIn } from '../../../lab/visitor/find-posts';
import { Visitor } from '../../../lab/visitor/visitor';
import { eventually } from '../eventually';
import { Site } from './site';

jest.setTimeout(60_000);

let site: Site;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'lab-site-'));
  site = await Site.start();
});

afterAll(async () => {
  await site.close();
  rmSync(directory, { recursive: true });
});

async function see(page = '/', post?: unknown) {
  const { sight, status, body } = await visit({ url: new URL(page, site.url), agent: false, post });
  return { sight, status, body };
}

async function title(): Promise<string> {
  const { status, body } = await see();
  return `${status} ${/<title>(.*)<\/title>/.exec(body)?.[1]}`;
}

test('production shows posts, takes posts, and finds them again', async () => {
  expect(await title()).toBe('200 bookface');
  expect((await see()).body).toContain('seed-');
  expect((await see('/posts', { id: 'a/1', body: '<b>hello</b>' })).status).toBe(201);
  expect((await see('/posts', { id: 'a/1', body: 'again' })).status).toBe(200);
  expect(JSON.parse((await see('/posts/a%2F1')).body)).toEqual({ id: 'a/1', body: '<b>hello</b>' });
  expect((await see('/posts/none')).status).toBe(404);
  expect((await see('/posts', 'no post')).status).toBe(400);
  expect((await see()).body).toContain('&#60;b&#62;hello');
});

test('the balancer serves from both, and from one when the other is gone', async () => {
  const servedBy = async () => /served by (www\d)/.exec((await see()).body)?.[1];
  const seen = new Set<string | undefined>();
  await eventually('both serve', async () => seen.add(await servedBy()).has('www1') && seen.has('www2'));
  await site.kill('www2', 'SIGKILL');
  for (let request = 0; request < 6; request++) expect(await servedBy()).toBe('www1');
  const listen = `127.91.0.12:${site.port}`;
  await site.run('www2', { service: 'web-server', listen, name: 'www2', database: site.database.host });
  await eventually('www2 serves again', async () => (await servedBy()) === 'www2');
});

test('a write is sent once, even when its web server drops it', async () => {
  let received = 0;
  const dropping = createServer((request) => {
    if (request.method === 'POST') received++;
    request.socket.destroy();
  });
  const [first, second] = [`127.91.0.21:${site.port}`, `127.91.0.22:${site.port}`];
  dropping.listen(site.port, '127.91.0.21');
  await once(dropping, 'listening');
  const other = createServer((request, response) => {
    if (request.method === 'POST') received++;
    response.end('other');
  });
  other.listen(site.port, '127.91.0.22');
  await once(other, 'listening');
  const balancer = `127.91.0.20:${site.port}`;
  await site.run('balancer2', { service: 'balancer', listen: balancer, upstreams: [first, second] });

  const reads: string[] = [];
  const writes: number[] = [];
  for (let request = 0; request < 4; request++) {
    reads.push((await visit({ url: new URL(`http://${balancer}/`), agent: false })).body);
    writes.push((await visit({ url: new URL(`http://${balancer}/posts`), agent: false, post: {} })).status);
  }
  expect(reads).toEqual(['other', 'other', 'other', 'other']);
  expect(received).toBe(writes.length);
  dropping.close();
  other.close();
  other.closeAllConnections();
});

test('a database that is away shows an error page, and one that is back is used again', async () => {
  await site.cockroach.stop(site.database);
  expect(await title()).toBe('500 bookface: error');
  await site.cockroach.start(site.database);
  await eventually('production serves', async () => (await title()) === '200 bookface');
});

test('moving the public address cuts kept connections and serves the new place at once', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const look = async () => (await visit({ url: new URL(site.url), agent })).sight;
  expect(await look()).toBe('production');
  site.floatingIp.moveTo(site.fallback);
  expect(site.floatingIp.at()).toBe(site.fallback);
  const first = await look();
  expect(first === 'cut' ? await look() : first).toBe('fallback');
  expect(await title()).toBe('503 bookface is being maintained');
  expect(await see('/posts', { id: 'never', body: '' })).toMatchObject({ status: 503, sight: 'fallback' });
  site.floatingIp.moveTo(null);
  expect((await see()).sight).toBe('cut');
  site.floatingIp.moveTo(site.balancer);
  expect(await title()).toBe('200 bookface');
  agent.destroy();
});

describe('the visitor', () => {
  const find = () => findPostsIn(site.database.host);
  const open = (journal: string) => new Visitor({ publicUrl: site.url, journal: path.join(directory, journal) });

  test('sees a fallback and a failure as what they are, loses no acknowledged write, and remembers it', async () => {
    const visitor = open('journal');
    visitor.start();
    const writes = () => visitor.status().writesAcknowledged;
    const kinds = () => visitor.status().outages.map(({ kind }) => kind);
    const more = async () => {
      const before = writes();
      await eventually('writes are acknowledged', () => writes() > before + 10);
    };
    await more();
    expect(visitor.status().outages).toEqual([]);

    const moved = Date.now();
    site.floatingIp.moveTo(site.fallback);
    await eventually('the fallback is seen', () => kinds().join() === 'fallback');
    await site.cockroach.stop(site.database);
    await site.cockroach.start(site.database);
    site.floatingIp.moveTo(site.balancer);
    await more();
    const back = Date.now();
    expect(kinds()).toEqual(['fallback']);
    const [outage] = visitor.status().outages;
    expect(Date.parse(outage?.from ?? '')).toBeGreaterThanOrEqual(moved - 1);
    expect(Date.parse(outage?.to ?? '')).toBeLessThanOrEqual(back + 1);

    await site.cockroach.stop(site.database, 'SIGKILL');
    await eventually('the failure is seen', () => kinds().join() === 'fallback,error');
    await expect(visitor.check(find())).rejects.toThrow();
    await site.cockroach.start(site.database);
    await more();
    expect(kinds()).toEqual(['fallback', 'error']);
    expect(await visitor.check(find())).toBe(0);
    await visitor.stop();

    const { reads, writesAcknowledged, outages } = visitor.status();
    expect(reads).toBeGreaterThan(10);
    const again = open('journal');
    expect(again.status()).toEqual({ reads, writesAcknowledged, writesLost: 0, outages });
    await again.stop();
  });

  test('reads and writes at least 20 times a second', async () => {
    const visitor = open('rate');
    const count = () => visitor.status().reads + visitor.status().writesAcknowledged;
    visitor.start();
    const inOneSecond = async () => {
      const [startedAt, before] = [performance.now(), count()];
      await sleep(1000);
      return ((count() - before) * 1000) / (performance.now() - startedAt) > 20;
    };
    // Not in every second of a busy machine.
    await eventually('there were 20 requests in a second', inOneSecond, 20_000);
    await visitor.stop();
  });

  test('finds out that an acknowledged write is gone', async () => {
    const visitor = open('lost');
    visitor.start();
    await eventually('some writes are acknowledged', () => visitor.status().writesAcknowledged >= 5);
    await visitor.stop();
    expect(await visitor.check(find())).toBe(0);
    const database = new Client({ connectionString: `postgresql://root@${site.database.host}/bookface` });
    await database.connect();
    await database.query(
      `delete from posts where id in (select id from posts where id like 'visitor-%' order by created_at desc limit 2)`,
    );
    await database.end();
    expect(await visitor.check(find())).toBe(2);
    expect(visitor.status().writesLost).toBe(2);
  });
});
