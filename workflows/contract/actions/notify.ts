import { z } from 'zod';
import { message } from '../action';
import { siteDocument } from '../site';

export const notificationKinds = [
  'started',
  'waiting',
  'asked',
  'answered',
  'productionDown',
  'productionUp',
  'alarm',
  'recovered',
  'failed',
  'done',
] as const;
export type NotificationKind = (typeof notificationKinds)[number];

/** Tells people; every target gets `{ kind, run, text }`. */
export const notify = message({
  title: ({ kind }) => `Tell: ${kind}`,
  target: () => 'people',
  input: z.strictObject({
    targets: siteDocument.shape.notify.unwrap(),
    kind: z.enum(notificationKinds),
    run: z.string(),
    text: z.string(),
  }),
  output: z.strictObject({}),
  runOnly: ['run', 'text'],
});
