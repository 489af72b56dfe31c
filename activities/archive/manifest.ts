import { z } from 'zod';
import { manifestFacts } from '../../workflows/contract/actions/copy';
import { instant } from '../../workflows/contract/fields';

/** What lies beside an archive as `<archive>.manifest.json`: the truth about it. Newer releases may add fields. */
const manifest = z.object({
  ...manifestFacts.shape,
  kind: z.literal('archive'),
  /** File name of the archive. */
  name: z.string(),
  createdAt: instant,
  bytes: z.int(),
  sha256: z.string(),
  /** Of `<archive>.sha256sums`, which has a line for every file. */
  sumsSha256: z.string(),
  files: z.int(),
  storeBytes: z.int(),
  tookMs: z.number(),
});
export type Manifest = z.infer<typeof manifest>;

/** Nothing acknowledged later need be in the archive. */
export const asOfManifest = ({ asOf, productionDownAt, createdAt }: Manifest): string =>
  asOf ?? productionDownAt ?? createdAt;

/** What lies beside it as `<archive>.verified.json` once it has been read back. */
const verification = z.object({
  name: z.string(),
  /** Of the archive that was read back. */
  sha256: z.string(),
  verifiedAt: instant,
  rows: z.record(z.string(), z.int()).nullable(),
});
export type Verification = z.infer<typeof verification>;

/** What lies beside it as `<archive>.distrusted.json` once the verification was taken away. */
const distrust = z.object({ name: z.string(), why: z.string() });
export type Distrust = z.infer<typeof distrust>;

/** Undefined for a text that is no manifest. */
export const manifestOf = (text: string): Manifest | undefined => parsed(manifest, text);

/** Undefined for a text that does not say why. */
export const distrustOf = (text: string): Distrust | undefined => parsed(distrust, text);

/** Undefined for a text that is no verification record. */
export const verificationOf = (text: string): Verification | undefined => parsed(verification, text);

function parsed<S extends z.ZodType>(schema: S, text: string): z.output<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
