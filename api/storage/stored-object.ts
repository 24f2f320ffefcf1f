import type { ApiObject } from '../../crds/meta/meta.ts';
import { StorageError } from './storage-error.ts';

const METADATA_MARKER = Buffer.from('"metadata":{');

/**
 * An object's bytes for etcd: JSON that begins with apiVersion, kind and metadata, without resourceVersion (the
 * key's mod revision is the resourceVersion). The fixed beginning is what lets `StoredObject.json` add the
 * resourceVersion without parsing.
 */
export function encodeObject(object: ApiObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...meta } = metadata;
  return Buffer.from(JSON.stringify({ apiVersion, kind, metadata: meta, ...rest }));
}

/** Parsed forms that are kept: enough for what is worked on, and no second copy of a large store. */
const PARSED_MAX = 4_096;

/** One revision of an object: its bytes, and forms made from them when they are asked for. Shared by many readers. */
export class StoredObject {
  /** Those with a parsed form, the oldest of which gives its own up for the next. */
  static readonly #parsed: StoredObject[] = [];
  static #nextParsed = 0;

  readonly key: string;
  readonly modRevision: number;
  /** As in etcd. */
  readonly bytes: Buffer;
  #object: ApiObject | undefined;

  constructor(key: string, bytes: Buffer, modRevision: number) {
    this.key = key;
    this.bytes = bytes;
    this.modRevision = modRevision;
  }

  /** As JSON for clients, resourceVersion included; revision 0 stands for "never stored" and is left out. */
  get json(): Buffer {
    return Buffer.concat(this.jsonParts());
  }

  /** The same in pieces, for whoever puts more around it. */
  jsonParts(): Buffer[] {
    this.#checkReadable();
    if (this.modRevision === 0) return [this.bytes];
    const at = this.bytes.indexOf(METADATA_MARKER) + METADATA_MARKER.length;
    const field = Buffer.from(`"resourceVersion":"${this.modRevision}",`);
    return [this.bytes.subarray(0, at), field, this.bytes.subarray(at)];
  }

  /** Parsed and shared: never change it; take `clone()` for that. */
  get object(): ApiObject {
    if (this.#object === undefined) {
      this.#object = this.clone();
      StoredObject.#keepParsed(this);
    }
    return this.#object;
  }

  /** A parsed copy that is the caller's own. */
  clone(): ApiObject {
    this.#checkReadable();
    const object: ApiObject = JSON.parse(this.bytes.toString());
    if (this.modRevision !== 0) object.metadata.resourceVersion = String(this.modRevision);
    return object;
  }

  /** What no key opens is still sealed, and only this object fails by it. */
  #checkReadable(): void {
    if (this.bytes[0] === 0x7b) return;
    const remedy = 'restore the key that sealed it to the encryption keys, or delete it from etcd';
    throw new StorageError('internal', `${this.key}: the stored value cannot be read: ${remedy}`);
  }

  static #keepParsed(stored: StoredObject): void {
    const oldest = StoredObject.#parsed[StoredObject.#nextParsed];
    if (oldest !== undefined) oldest.#object = undefined;
    StoredObject.#parsed[StoredObject.#nextParsed] = stored;
    StoredObject.#nextParsed = (StoredObject.#nextParsed + 1) % PARSED_MAX;
  }
}
