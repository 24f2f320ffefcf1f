import type { ApiObject } from '../../crds/meta/meta.ts';

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

/** The bytes with `metadata.resourceVersion` put in. */
function withResourceVersion(bytes: Buffer, modRevision: number): Buffer {
  const at = bytes.indexOf(METADATA_MARKER) + METADATA_MARKER.length;
  const field = Buffer.from(`"resourceVersion":"${modRevision}",`);
  return Buffer.concat([bytes.subarray(0, at), field, bytes.subarray(at)]);
}

/** One revision of an object: its bytes, and forms made from them on first use. Shared by many readers. */
export class StoredObject {
  readonly key: string;
  readonly modRevision: number;
  /** As in etcd. */
  readonly bytes: Buffer;
  #json: Buffer | undefined;
  #object: ApiObject | undefined;

  constructor(key: string, bytes: Buffer, modRevision: number) {
    this.key = key;
    this.bytes = bytes;
    this.modRevision = modRevision;
  }

  /** As JSON for clients, resourceVersion included; revision 0 stands for "never stored" and is left out. */
  get json(): Buffer {
    this.#json ??= this.modRevision === 0 ? this.bytes : withResourceVersion(this.bytes, this.modRevision);
    return this.#json;
  }

  /** Parsed and shared: never change it; take `clone()` for that. */
  get object(): ApiObject {
    this.#object ??= this.clone();
    return this.#object;
  }

  /** A parsed copy that is the caller's own. */
  clone(): ApiObject {
    const object: ApiObject = JSON.parse(this.bytes.toString());
    if (this.modRevision !== 0) object.metadata.resourceVersion = String(this.modRevision);
    return object;
  }
}
