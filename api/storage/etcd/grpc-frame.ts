/** Every message on the wire has a flag (1: compressed) and its length in four bytes before it. */
export const GRPC_HEAD_BYTES = 5;

/** Fills in the head of a message whose first GRPC_HEAD_BYTES were left free. */
export function frameMessage(bytes: Buffer): Buffer {
  bytes[0] = 0;
  bytes.writeUInt32BE(bytes.length - GRPC_HEAD_BYTES, 1);
  return bytes;
}

/** Cuts a stream of bytes into messages. */
export class GrpcFrameParser {
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Bytes of the message that is on its way, its head included; 0: its head is not there yet. */
  #wantedBytes = 0;

  /** The messages that are whole now. @throws RangeError for a compressed one: nobody asked for it */
  add(chunk: Buffer): readonly Buffer[] {
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    if (this.#restBytes < Math.max(this.#wantedBytes, GRPC_HEAD_BYTES)) return [];
    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    const messages: Buffer[] = [];
    let at = 0;
    this.#wantedBytes = 0;
    while (bytes.length - at >= GRPC_HEAD_BYTES) {
      if (bytes[at] !== 0) throw new RangeError('gRPC: a compressed message');
      const end = at + GRPC_HEAD_BYTES + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) {
        this.#wantedBytes = end - at;
        break;
      }
      messages.push(bytes.subarray(at + GRPC_HEAD_BYTES, end));
      at = end;
    }
    this.#rest = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#restBytes = bytes.length - at;
    return messages;
  }
}
