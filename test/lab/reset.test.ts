import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { reset } from '../../lab/reset';

/** A connection, from both sides. */
async function connected(): Promise<{ ours: Socket; theirs: Socket; close: () => void }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ours = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [[theirs]] = (await Promise.all([once(server, 'connection'), once(ours, 'connect')])) as unknown as [[Socket]];
  return { ours, theirs, close: () => server.close() };
}

test('the other side sees a reset', async () => {
  const { ours, theirs, close } = await connected();
  const seen = once(theirs.resume(), 'error');
  reset(ours);
  expect(await seen).toMatchObject([{ code: 'ECONNRESET' }]);
  close();
});

test('a connection that is ending at this moment is closed without an error', async () => {
  const { ours, theirs, close } = await connected();
  const closed = once(ours, 'close');
  ours.end();
  reset(ours);
  await closed; // throws on an error
  theirs.destroy();
  close();
});
