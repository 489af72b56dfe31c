import { z } from 'zod';

// The workflow sandbox has no `new Function`; without this zod would behave differently there than outside.
z.config({ jitless: true });

/** A name of a host, site, server or cloud. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'expected letters, digits, dots, dashes and underscores');

export const absolutePath = z.string().regex(/^\/[^\n\0]*$/, 'expected an absolute path');

export const seconds = z.number().positive();

/** A moment, in ISO 8601 with Z. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'expected a time like 2026-11-20T02:00:00Z');
