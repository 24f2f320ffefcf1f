/** A piece of a container's output. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

const headerBytes = 8;
/** podman writes lines (a log holds 1 MiB at most) or pipe reads; a larger frame means that the stream is not what it should be. */
const frameBytesMax = 2 * 1024 * 1024;

/**
 * Takes apart podman's (Docker's) multiplexed output of logs, attach and exec without a terminal: frames of one
 * byte stream type (0 stdin echo, 1 stdout, 2 stderr, 3 the service's own error), three zero bytes, a 32-bit
 * big-endian length and so many bytes. Frames may arrive in any pieces.
 * Source: docs.docker.com/engine/api, ContainerAttach, "Stream format".
 * @throws Error on a frame of another type, one that is too long, an error frame, or an end within a frame
 */
export async function* demultiplex(chunks: AsyncIterable<Buffer>): AsyncGenerator<OutputChunk, void> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let frame = takeFrame(pending); frame !== undefined; frame = takeFrame(pending)) {
      pending = frame.rest;
      if (frame.type === 3) throw new Error(`podman: ${frame.data.toString('utf8').trim()}`);
      if (frame.data.length > 0) yield { stream: frame.type === 2 ? 'stderr' : 'stdout', data: frame.data };
    }
  }
  if (pending.length > 0) throw new Error(`output ended within a frame (${pending.length} bytes left)`);
}

function takeFrame(pending: Buffer): { type: number; data: Buffer; rest: Buffer } | undefined {
  if (pending.length < headerBytes) return undefined;
  const type = pending.readUInt8(0);
  const length = pending.readUInt32BE(4);
  if (type > 3 || length > frameBytesMax)
    throw new Error(`not an output frame: ${pending.subarray(0, headerBytes).toString('hex')}`);
  const end = headerBytes + length;
  if (pending.length < end) return undefined;
  return { type, data: pending.subarray(headerBytes, end), rest: pending.subarray(end) };
}
