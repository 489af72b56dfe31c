import { z } from 'zod';
import { backupRecord, wantedBackup } from './actions/archives';
import { type Asked } from './approvals';
import { instant, name } from './fields';
import { strategy } from './site';

/** What every runbook takes. */
const common = {
  /** @default the worker's RUNBOOK_SITE, else the only site there is */
  site: name.optional().describe('the site, as its file in runbooks/sites is called'),
  dryRun: z.boolean().default(false).describe('only say what would be done'),
};

export interface RunbookDefinition<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** Exported function and workflow type. */
  readonly workflow: string;
  readonly summary: string;
  readonly input: I;
  readonly result: O;
  /** Resources it locks, as it says them first thing. */
  readonly locks: readonly string[];
}

const define = <I extends z.ZodType, O extends z.ZodType>(definition: RunbookDefinition<I, O>) => definition;

/** Every runbook there is, by the name operators use. */
export const runbooks = {
  'daily-backup': define({
    workflow: 'dailyBackup',
    summary: 'Copy the database while production is down, archive it, read it back, keep the newest',
    locks: ['site'],
    input: z.strictObject({
      ...common,
      strategy: strategy
        .optional()
        .describe("how the data gets from the store to the backup host; the site's `backup.strategy` if absent"),
      keep: z.int().min(1).optional().describe("verified archives to keep; the site's `backup.keep` if absent"),
      note: z.string().max(200).default('').describe('kept in the manifest'),
    }),
    result: z.strictObject({
      archive: z.string(),
      strategy,
      manifestSha256: z.string(),
      /** Of the archive. */
      bytes: z.int(),
      storeBytes: z.int(),
      /** Transferred while production served, and while it was down. */
      copiedAheadBytes: z.int(),
      copiedBytes: z.int(),
      rows: z.record(z.string(), z.int()).nullable(),
      /** Why they could not be counted once production served again; then the marker alone proves the backup. */
      rowsProblem: z.string().optional(),
      marker: z.string().nullable(),
      /** From the probe that saw the fallback page to the one that saw production. */
      downtimeMs: z.number(),
      durationsMs: z.record(z.string(), z.number()),
      databaseStoppedByForce: z.boolean(),
      verifiedAt: instant,
      rotated: z.array(z.strictObject({ name: z.string(), why: z.string() })),
      kept: z.array(z.strictObject({ name: z.string(), why: z.string() })),
      backups: z.array(backupRecord),
    }),
  }),
  restore: define({
    workflow: 'restore',
    summary: 'Put a backup in the place of the present data, which is kept aside and can be brought back',
    locks: ['site'],
    input: z.strictObject({
      ...common,
      backup: wantedBackup
        .default('latest')
        .describe('`latest`, the name of an archive, `aside:<name>` to undo a restore, or {"before": "<time>"}'),
      target: z
        .enum(['production', 'scratch'])
        .default('production')
        .describe('`scratch` only proves the backup, beside production'),
      approval: z
        .strictObject({ waived: z.string().min(1).max(200) })
        .optional()
        .describe('{"waived": "<reason>"}: go on without asking a person; shown in the report'),
    }),
    result: z.strictObject({
      backup: z.string(),
      target: z.enum(['production', 'scratch']),
      rows: z.record(z.string(), z.int()).nullable(),
      /** What was acknowledged after `since` is not in the restored data; null for a scratch restore. */
      lost: z
        .strictObject({
          since: instant,
          seconds: z.number(),
          /** Rows just before; null with the reason where the data was too damaged to be counted. */
          rowsBefore: z.record(z.string(), z.int()).nullable(),
          problem: z.string().nullable(),
        })
        .nullable(),
      /** Name of the data that was moved aside, for `backup: aside:<name>`. */
      movedAside: z.string().nullable(),
      keptUntil: instant.nullable(),
      /** Between the probes that saw production go and come back; null where it was found down and stays down. */
      downtimeMs: z.number().nullable(),
      /** What whoever took production down before this run has written. */
      foundDownBy: z.string().nullable(),
      approved: z.string(),
      databaseStoppedByForce: z.boolean(),
      /** Whether the site file says where the application answers inside. */
      applicationAnswered: z.boolean().nullable(),
      durationsMs: z.record(z.string(), z.number()),
    }),
  }),
  'restore-drill': define({
    workflow: 'restoreDrill',
    summary: 'Prove that a backup can be restored, beside production, and measure how long it takes',
    locks: ['site'],
    input: z.strictObject({
      ...common,
      backup: z
        .string()
        .default('latest')
        .describe('`latest`, `sample` for the one whose last drill is longest ago, or the name of an archive'),
    }),
    result: z.strictObject({
      backup: z.string(),
      rows: z.record(z.string(), z.int()).nullable(),
      /** Recovery time: from the start of the drill until a database served the data. */
      rtoMs: z.number(),
      /** Recovery point: what a restore at the start of the drill would have lost. */
      rpoMs: z.number(),
      verifiedAt: instant,
      durationsMs: z.record(z.string(), z.number()),
    }),
  }),
  production: define({
    workflow: 'production',
    summary: 'Take production down, bring it up, or say how it is',
    locks: ['site'],
    input: z.strictObject({
      ...common,
      action: z.enum(['up', 'down', 'status']).describe('what to do'),
      by: z.string().max(80).default('').describe('who asks; shown to whoever finds production down'),
      reason: z.string().max(120).default('').describe('why'),
    }),
    result: z.strictObject({
      serving: z.enum(['production', 'fallback', 'nothing']),
      at: z.string().nullable(),
      note: z.string(),
      changed: z.boolean(),
    }),
  }),
  hosts: define({
    workflow: 'hosts',
    summary: 'Look at the hosts: which answer, since when they run, load, free room',
    locks: [],
    input: z.strictObject({
      ...common,
      only: z.array(name).optional().describe('names of hosts; all that the site file has if absent'),
    }),
    result: z.strictObject({
      /** `6 of 7 hosts answer`. */
      answer: z.string(),
      failed: z.array(z.strictObject({ name: z.string(), why: z.string() })),
      hosts: z.array(
        z.strictObject({
          name: z.string(),
          uptimeSeconds: z.number(),
          load: z.number(),
          freeBytes: z.int(),
          bootId: z.string(),
        }),
      ),
    }),
  }),
} as const;

export type RunbookName = keyof typeof runbooks;
export type RunbookInput<N extends RunbookName> = z.output<(typeof runbooks)[N]['input']>;
export type RunbookResult<N extends RunbookName> = z.output<(typeof runbooks)[N]['result']>;

/** Search attributes that a run sets of itself; all of type Keyword but the boolean. Never encrypted: no secret in them. */
export const searchAttributes = {
  RunbookName: 'KEYWORD',
  RunbookSite: 'KEYWORD',
  RunbookPhase: 'KEYWORD',
  RunbookDryRun: 'BOOL',
  RunbookOutcome: 'KEYWORD',
} as const;

/** In the memo of a run. */
export interface RunMemo {
  readonly siteSha256?: string;
  /** Questions put to people, and their answers. */
  readonly asked?: readonly Asked[];
  /** Of the steps done, at the end of the run; equals the digest of a plan made beforehand. */
  readonly planDigest?: string;
}
