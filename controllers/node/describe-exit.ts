import { constants } from 'node:fs';
import { openUntrusted } from '../../lib/untrusted-file.ts';
import type { VmPaths } from '../host/vm-identity.ts';
import { VmmEventParser } from '../vmm/event-parser.ts';
import { readTextOrNothing } from './run-directory.ts';

const LINE_CHARS_MAX = 200;
/** A VM's whole life makes a few kilobytes of events. */
const EVENT_BYTES_MAX = 256 * 1024;

/** What the event file and the last line of its log tell about a VMM's end; empty when they don't. */
export async function describeExit(paths: VmPaths): Promise<string> {
  const [events, log] = await Promise.all([
    readEvents(paths.events).catch(() => undefined),
    readTextOrNothing(paths.vmmLog).catch(() => undefined),
  ]);
  const seen = new VmmEventParser().push(events ?? '').map(({ source, event }) => `${source}:${event}`);
  if (seen.includes('guest:panic')) return 'the guest kernel panicked';
  if (seen.includes('vm:shutdown') || seen.includes('vmm:shutdown')) return 'the guest powered itself off';
  const lastLine = (log ?? '').trimEnd().split('\n').at(-1)?.slice(0, LINE_CHARS_MAX) ?? '';
  return lastLine === '' ? 'it was killed' : `last line of its log: ${lastLine}`;
}

async function readEvents(path: string): Promise<string> {
  await using file = await openUntrusted(path, constants.O_RDONLY);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(EVENT_BYTES_MAX), 0, EVENT_BYTES_MAX, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
