/** Bytes that a length takes as a varint. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Writes the fields of a protobuf message; numbers are whole and not negative, up to 2^53. */
export class ProtobufWriter {
  #bytes: Buffer;
  #at: number;

  /** @param headBytes left free at the beginning, for whoever frames the message */
  constructor(headBytes = 0, sizeHint = 512) {
    this.#bytes = Buffer.allocUnsafe(headBytes + sizeHint);
    this.#at = headBytes;
  }

  /** What was written so far, the free bytes at the beginning included. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** A number, a boolean as 0 or 1, or an enum. */
  number(field: number, value: number): void {
    this.#reserve(20);
    this.#varint(field * 8);
    this.#varint(value);
  }

  /** Text in UTF-8, or bytes. */
  bytesField(field: number, value: string | Buffer): void {
    const length = Buffer.byteLength(value);
    this.#reserve(20 + length);
    this.#varint(field * 8 + 2);
    this.#varint(length);
    if (typeof value === 'string') this.#bytes.write(value, this.#at);
    else value.copy(this.#bytes, this.#at);
    this.#at += length;
  }

  /** A message in the message. */
  message(field: number, write: (writer: ProtobufWriter) => void): void {
    this.#reserve(20);
    this.#varint(field * 8 + 2);
    const lengthAt = this.#at;
    // Most are short: one byte for the length, and a move where it takes more.
    this.#at += 1;
    write(this);
    const length = this.#at - lengthAt - 1;
    const more = varintSize(length) - 1;
    this.#reserve(more);
    if (more > 0) this.#bytes.copyWithin(lengthAt + 1 + more, lengthAt + 1, this.#at);
    const end = this.#at + more;
    this.#at = lengthAt;
    this.#varint(length);
    this.#at = end;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
