const CRLF = Buffer.from('\r\n');

/** The chunk that was made last: watchers that are woken one after the other mostly want the same. */
let last: { readonly frames: readonly WatchFrame[]; readonly chunk: Buffer } | undefined;

function isLast(frames: readonly WatchFrame[]): boolean {
  return (
    last?.frames.length === frames.length && frames.every((frame, index) => frame === last?.frames[index])
  );
}

/**
 * Frames as one chunk of a chunked HTTP body. Made anew for each of a thousand watchers, such chunks would keep the
 * garbage collector busy.
 */
export function chunkOf(frames: readonly WatchFrame[]): Buffer {
  const [only, ...more] = frames;
  if (only !== undefined && more.length === 0) return only.chunk;
  if (last === undefined || !isLast(frames)) last = { frames: [...frames], chunk: concatChunk(frames) };
  return last.chunk;
}

function concatChunk(frames: readonly WatchFrame[]): Buffer {
  let sizeBytes = 0;
  for (const { bytes } of frames) sizeBytes += bytes.length;
  return Buffer.concat([
    Buffer.from(`${sizeBytes.toString(16)}\r\n`),
    ...frames.map(({ bytes }) => bytes),
    CRLF,
  ]);
}

/** One event of a watch as it is sent. */
export class WatchFrame {
  readonly bytes: Buffer;
  #chunk: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** As a chunk of its own: made once for all watchers. */
  get chunk(): Buffer {
    this.#chunk ??= concatChunk([this]);
    return this.#chunk;
  }
}
