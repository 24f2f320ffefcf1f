const CRLF = Buffer.from('\r\n');

/** Frames as one chunk of a chunked HTTP body. */
export function chunkOf(frames: readonly WatchFrame[]): Buffer {
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
    this.#chunk ??= chunkOf([this]);
    return this.#chunk;
  }
}
