/**
 * Walks over the fields of a protobuf message: `next()`, then `field`, then one of the values; a value that is not
 * asked for is passed over. What etcd sends has varints and lengths only, but fixed sizes are passed over too.
 */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #wire = 0;
  #isTaken = true;
  /** Number of the field that `next` came to. */
  field = 0;

  constructor(bytes: Buffer, begin = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = begin;
    this.#end = end;
  }

  /** Goes to the next field; false at the end. @throws RangeError for bytes that are no protobuf */
  next(): boolean {
    if (!this.#isTaken) this.#skip();
    if (this.#at >= this.#end) return false;
    const tag = this.#low32();
    this.field = tag >>> 3;
    this.#wire = tag & 7;
    this.#isTaken = false;
    return true;
  }

  /** A signed 64-bit number; exact up to 2^53. */
  number(): number {
    this.#isTaken = true;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) return high * 0x1_0000_0000 + (low >>> 0);
    }
    throw new RangeError('protobuf: a number of more than ten bytes');
  }

  boolean(): boolean {
    return this.number() !== 0;
  }

  /** A view of the message's own bytes. */
  bytes(): Buffer {
    const end = this.#lengthEnd();
    const value = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return value;
  }

  text(): string {
    const end = this.#lengthEnd();
    const value = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return value;
  }

  /** A reader of the message in this field. */
  message(): ProtobufReader {
    const end = this.#lengthEnd();
    const reader = new ProtobufReader(this.#bytes, this.#at, end);
    this.#at = end;
    return reader;
  }

  #lengthEnd(): number {
    const length = this.number();
    const end = this.#at + length;
    if (length < 0 || end > this.#end) throw new RangeError('protobuf: a field runs over the end');
    return end;
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at++] : undefined;
    if (byte === undefined) throw new RangeError('protobuf: the message ends within a field');
    return byte;
  }

  #low32(): number {
    return this.number() >>> 0;
  }

  #skip(): void {
    if (this.#wire === 0) this.number();
    else if (this.#wire === 2) this.#at = this.#lengthEnd();
    else if (this.#wire === 1) this.#at += 8;
    else if (this.#wire === 5) this.#at += 4;
    else throw new RangeError(`protobuf: wire type ${this.#wire}`);
    this.#isTaken = true;
  }
}
