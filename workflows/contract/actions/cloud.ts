import { z } from 'zod';
import { change, read } from '../action';
import { name, seconds } from '../fields';
import { hostRef } from '../site';

const cloudHost = hostRef.required({ server: true });
const serverState = z.strictObject({ status: z.string(), taskState: z.string().nullable() });

/** Proves the credentials and that every server and the address exist. */
export const checkCloud = read({
  title: ({ cloud }) => `Check cloud ${cloud}: credentials, servers, address`,
  target: ({ cloud }) => `cloud/${cloud}`,
  input: z.strictObject({ cloud: name, servers: z.array(name), floatingIp: z.ipv4() }),
  output: z.strictObject({ servers: z.record(name, serverState), addressAt: z.string().nullable() }),
});

export const readServer = read({
  title: ({ host }) => `Look at server ${host.server.name}`,
  target: ({ host }) => `server/${host.server.name}`,
  input: z.strictObject({ host: cloudHost }),
  output: serverState,
});

/** Starts a server and returns when it answers SSH; ACTIVE is not enough. */
export const startServer = change({
  title: ({ host }) => `Start server ${host.server.name} until it answers SSH`,
  target: ({ host }) => `server/${host.server.name}`,
  input: z.strictObject({ host: cloudHost, bootSeconds: seconds }),
  output: z.strictObject({ changed: z.boolean(), tookMs: z.number() }),
  // A machine boots for minutes; nothing outside it is down while it does.
  cancellable: true,
  startToCloseSeconds: ({ bootSeconds }) => bootSeconds + 60,
});

/** Stops a server in order and returns when it is SHUTOFF. */
export const stopServer = change({
  title: ({ host }) => `Stop server ${host.server.name}`,
  target: ({ host }) => `server/${host.server.name}`,
  input: z.strictObject({ host: cloudHost }),
  output: z.strictObject({ changed: z.boolean(), tookMs: z.number() }),
  // An orderly shutdown takes the guest’s own time. The lock waits this long if the run ends meanwhile.
  cancellable: true,
  startToCloseSeconds: () => 150,
});
