import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProcessIdentity } from '../lib/process-identity.ts';

const recordSchema = z.object({
  pid: z.int().positive(),
  startTicks: z.int().nonnegative(),
  restartCount: z.int().nonnegative(),
});

/** What is on disk of a running part: who it is, and how often it was started again. */
export type PartRecord = ProcessIdentity & { readonly restartCount: number };

function recordPath(runDir: string, name: string): string {
  return join(runDir, `${name}.json`);
}

/** The record of a part; undefined when it was never started, or was stopped in order. */
export function readPartRecord(runDir: string, name: string): PartRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordPath(runDir, name), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Writes the record whole or not at all. */
export function writePartRecord(runDir: string, name: string, record: PartRecord): void {
  mkdirSync(runDir, { recursive: true });
  const target = recordPath(runDir, name);
  writeFileSync(`${target}.new`, JSON.stringify(record));
  renameSync(`${target}.new`, target);
}

export function removePartRecord(runDir: string, name: string): void {
  rmSync(recordPath(runDir, name), { force: true });
}
