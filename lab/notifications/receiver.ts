import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';

/** Something an operator was told. */
export interface Notification {
  /** When it arrived, ISO time. */
  readonly at: string;
  readonly kind: string;
  readonly run: string;
  readonly text: string;
}

export interface NotificationReceiver {
  /** Where to POST `{ kind, run, text }`. Answers 204, or 400 for anything else. */
  readonly url: string;
  /** Everything received, oldest first. */
  list(): readonly Notification[];
  clear(): void;
  close(): Promise<void>;
}

export interface NotificationReceiverOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Keeps what was received, a JSON document a line, across restarts. */
  readonly file: string;
}

/** Starts the webhook to which the site's notifications go. */
export async function startNotificationReceiver(options: NotificationReceiverOptions): Promise<NotificationReceiver> {
  const { host, port, file } = options;
  let received: Notification[] = existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Notification)
    : [];

  const server = createServer((request, response) => {
    void readNotification(request).then((notification) => {
      if (notification) {
        appendFileSync(file, JSON.stringify(notification) + '\n');
        received.push(notification);
      }
      response.writeHead(notification ? 204 : 400).end();
    });
  });
  server.listen({ host, port });
  await once(server, 'listening');

  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/`,
    list: () => [...received],
    clear() {
      received = [];
      writeFileSync(file, '');
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readNotification(request: IncomingMessage): Promise<Notification | undefined> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { kind, run, text } = JSON.parse(Buffer.concat(chunks).toString()) as Partial<Notification>;
    if (request.method !== 'POST' || ![kind, run, text].every((field) => typeof field === 'string')) return undefined;
    return { at: new Date().toISOString(), kind: kind ?? '', run: run ?? '', text: text ?? '' };
  } catch {
    return undefined;
  }
}
