import { statSync, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { type VmmEvent, VmmEventParser } from './event-parser.ts';

export interface EventTailOptions {
  readonly signal: AbortSignal;
  /** Also look at the file this often, for changes that inotify did not tell. Default 2,000. */
  readonly pollMs?: number;
}

/**
 * Follows an event monitor file from its begin: yields every event in it and every later one, until the
 * signal. A file that is not there yet is waited for; one that was begun anew (a new VMM truncates it) is
 * read from its begin.
 */
export async function* tailVmmEvents(path: string, options: EventTailOptions): AsyncGenerator<VmmEvent> {
  const reader: Reader = { offset: 0, parser: new VmmEventParser(), decoder: new StringDecoder('utf8') };
  while (!options.signal.aborted) {
    yield* await readNew(path, reader);
    await changed(path, reader.offset, options);
  }
}

interface Reader {
  /** Bytes of the file read so far. */
  offset: number;
  parser: VmmEventParser;
  decoder: StringDecoder;
}

async function readNew(path: string, reader: Reader): Promise<VmmEvent[]> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = await file.stat();
    if (size < reader.offset) {
      reader.offset = 0;
      reader.parser.reset();
      reader.decoder = new StringDecoder('utf8');
    }
    const buffer = Buffer.alloc(Math.min(size - reader.offset, 64 * 1024));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, reader.offset);
    reader.offset += bytesRead;
    return reader.parser.push(reader.decoder.write(buffer.subarray(0, bytesRead)));
  } finally {
    await file.close();
  }
}

/** Resolves when the file's size is not `offset`: at its next change, after `pollMs`, or on abort. */
function changed(path: string, offset: number, options: EventTailOptions): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', done);
      watcher?.close();
      resolve();
    };
    const timer = setTimeout(done, options.pollMs ?? 2_000);
    options.signal.addEventListener('abort', done, { once: true });
    const watcher = watchOrNothing(path, done);
    // Looked at after the watch began: what was written before it is not missed. Also covers an abort before.
    if (options.signal.aborted || sizeOf(path) !== offset) done();
  });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function watchOrNothing(path: string, onChange: () => void) {
  try {
    return watch(path, onChange).on('error', onChange);
  } catch {
    // Not there yet: the poll finds it.
    return undefined;
  }
}
