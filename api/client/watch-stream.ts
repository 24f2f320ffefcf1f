import { z } from 'zod';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';

const watchEventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.looseObject({ kind: z.string().optional() }),
});

export type ParsedWatchEvent = z.infer<typeof watchEventSchema>;

/** What happened to an object. BOOKMARK says only how far the stream has come, in metadata.resourceVersion. */
export type WatchEvent<T extends ApiObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Stored<T> }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly isInitialEventsEnd: boolean };

/** A line may hold one large object; anything beyond this is not a watch stream. */
const LINE_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * Splits a watch answer into its JSON lines. A last line without its newline is dropped: the stream was cut in it.
 * @throws Error when a line is not a watch event
 */
export async function* parseWatchStream(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ParsedWatchEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end);
      start = end + 1;
      if (line.trim() !== '') yield parseLine(line);
    }
    rest = rest.slice(start);
    if (rest.length > LINE_LENGTH_MAX)
      throw new Error(`watch line longer than ${LINE_LENGTH_MAX} characters`);
  }
}

function parseLine(line: string): ParsedWatchEvent {
  try {
    return watchEventSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(`not a watch event: ${line.slice(0, 200)}`, { cause });
  }
}
