import { z } from 'zod';

/** A server as the rest of the project sees it; plain JSON. */
export interface ServerView {
  readonly id: string;
  readonly name: string;
  /** `ACTIVE`, `SHUTOFF`, `ERROR`, ... Says nothing while `taskState` is not null. */
  readonly status: string;
  /** What is being done to it: `powering-off`; null when nothing is. */
  readonly taskState: string | null;
  /** A locked server refuses start and stop until its owner unlocks it. */
  readonly locked: boolean;
  /** Why it is in ERROR, as far as the service says. */
  readonly fault?: string;
  /** Lags seconds behind a floating IP that moves: ask the network service for that. */
  readonly addresses: readonly { readonly network: string; readonly address: string; readonly type: string }[];
}

/** Something that was asked of a server, newest first in lists. */
export interface InstanceAction {
  readonly action: string;
  readonly requestId: string;
  /** `Error` when it failed, else null, also while it is under way. */
  readonly message: string | null;
}

const addressSchema = z.object({ addr: z.string(), 'OS-EXT-IPS:type': z.string().default('fixed') });

const serverSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    'OS-EXT-STS:task_state': z.string().nullable(),
    locked: z.boolean().default(false),
    fault: z.object({ message: z.string() }).optional(),
    addresses: z.record(z.string(), z.array(addressSchema)).default({}),
  })
  .transform(({ id, name, status, locked, fault, addresses, ...extended }): ServerView => ({
    id,
    name,
    status,
    taskState: extended['OS-EXT-STS:task_state'],
    locked,
    ...(fault && { fault: fault.message }),
    addresses: Object.entries(addresses).flatMap(([network, list]) =>
      list.map((entry) => ({ network, address: entry.addr, type: entry['OS-EXT-IPS:type'] })),
    ),
  }));

const actionSchema = z
  .object({ action: z.string(), request_id: z.string(), message: z.string().nullable() })
  .transform(({ action, request_id, message }): InstanceAction => ({ action, requestId: request_id, message }));

export const readServer = (body: unknown): ServerView => z.object({ server: serverSchema }).parse(body).server;

export const readServers = (body: unknown): ServerView[] =>
  z.object({ servers: z.array(serverSchema) }).parse(body).servers;

export const readInstanceActions = (body: unknown): InstanceAction[] =>
  z.object({ instanceActions: z.array(actionSchema) }).parse(body).instanceActions;
