import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type ProductionRef } from '../../../workflows/contract/site';
import { systemClock } from '../../../activities/openstack/clock';
import { productionActions } from '../../../activities/production';
import { probePage } from '../../../activities/production/probe';
import { cloudName, failureOf, floatingIp, type SmallCloud, startSmallCloud } from '../cloud/small-cloud';
import { contextFor } from '../copy/local-hosts';

const up = { server: 'www1', status: 200, title: 'bookface' };
const down = { server: 'www3', status: 503, title: 'bookface is resting & back soon' };
const html = (title: string) =>
  `<!doctype html><html><head><title>\n ${title.replace('&', '&amp;')} </title></head></html>`;

let small: SmallCloud;
let server: Server;
let production: ProductionRef;
let actions: ReturnType<typeof productionActions>;
let broken: boolean;

beforeEach(async () => {
  broken = false;
  small = await startSmallCloud();
  server = createServer((request, response) => {
    if (request.url === '/hang') return;
    if (broken) return void response.writeHead(502).end('bad gateway');
    const page = request.url === '/fallback' || small.at() === 'www3' ? down : up;
    response.writeHead(page.status, { 'content-type': 'text/html' }).end(html(page.title));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  production = { cloud: cloudName, url: `${url}/`, floatingIp, up, down: { ...down, check: `${url}/fallback` } };
  actions = productionActions({ openstack: small.openstack, clock: systemClock });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await small.close();
});

const look = () => actions.readProduction.do({ production }, contextFor());
const takeDown = (note = 'daily backup, run 1') => actions.takeProductionDown.do({ production, note }, contextFor());
const bringUp = () => actions.bringProductionUp.do({ production }, contextFor());

test('production goes to the fallback page with a note and comes back without one', async () => {
  expect(await look()).toEqual({ serving: 'production', at: 'www1', note: '', fallbackAnswers: true });
  const { changed, at } = await takeDown();
  expect(changed).toBe(true);
  expect(Date.parse(at)).not.toBeNaN();
  expect(await look()).toEqual({ serving: 'fallback', at: 'www3', note: 'daily backup, run 1', fallbackAnswers: true });
  expect(await bringUp()).toMatchObject({ changed: true });
  expect(await look()).toMatchObject({ serving: 'production', note: '' });
  expect(small.cloud.floatingIp(floatingIp).description).toBe('');
});

test('each way is one request, and doing it again is none', async () => {
  const before = small.cloud.changes();
  await takeDown();
  expect(small.cloud.changes()).toBe(before + 1);
  expect(await takeDown()).toMatchObject({ changed: false });
  expect(small.cloud.changes()).toBe(before + 1);
});

test('a page that is not seen is a failure that says what was seen', async () => {
  broken = true;
  const context = contextFor({ deadlineMs: Date.now() + 4_300 });
  expect(await failureOf(actions.takeProductionDown.do({ production, note: 'x' }, context))).toEqual({
    type: 'ResourceFailed',
    message: expect.stringMatching(
      /answers 502 without a title .* after 198.51.100.7 was given to server www3; wanted 503 "bookface is resting & back soon"/,
    ) as string,
  });
  expect(await look()).toMatchObject({ serving: 'nothing', fallbackAnswers: false });
});

test('descriptions are the request itself and send nothing', async () => {
  const before = small.cloud.changes();
  const description = await actions.takeProductionDown.describe({ production, note: 'why' }, contextFor());
  expect(description).toMatchObject({ changes: true, now: 'floating IP 198.51.100.7 is at server www1' });
  expect(description.command).toMatch(/^PUT http.*floatingips.*"description":"why"/);
  expect(await actions.bringProductionUp.describe({ production }, contextFor())).toMatchObject({ changes: null });
  expect(small.cloud.changes()).toBe(before);
});

describe('a probe', () => {
  const signal = new AbortController().signal;

  test('takes no answer, or none in time, for nothing', async () => {
    const nothing = { status: null, title: null };
    expect(await probePage('http://127.0.0.1:1/', { signal })).toEqual(nothing);
    expect(await probePage(new URL('/hang', production.url).href, { signal, timeoutMs: 50 })).toEqual(nothing);
  });

  test('opens a connection of its own each time', async () => {
    let connections = 0;
    server.on('connection', () => connections++);
    for (const _ of [1, 2, 3]) await probePage(production.url, { signal });
    expect(connections).toBe(3);
  });

  test('ends with the signal', async () => {
    const controller = new AbortController();
    const probing = probePage(new URL('/hang', production.url).href, { signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(probing).rejects.toThrow('cancelled');
  });
});
