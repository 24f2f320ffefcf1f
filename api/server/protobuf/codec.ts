import protobuf from 'protobufjs/minimal.js';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { decodeMessage } from './decode-message.ts';
import { encodeMessage } from './encode-message.ts';
import { MESSAGES, messageNameOf } from './messages.ts';
import { ProtobufError } from './protobuf-error.ts';
import { bytesOf, readFields, stringOf, WIRE } from './wire-reader.ts';

export { ProtobufError } from './protobuf-error.ts';

/** Media type of a body that this codec reads and writes. */
export const PROTOBUF_CONTENT_TYPE = 'application/vnd.kubernetes.protobuf';

/** `k8s` and a zero byte: what every Kubernetes protobuf body begins with. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** Fields of runtime.Unknown, the envelope. Source: k8s.io/apimachinery/pkg/runtime/generated.proto */
const ENVELOPE = { typeMeta: 1, raw: 2, contentEncoding: 3, contentType: 4 } as const;

/**
 * A Kubernetes protobuf body as the JSON object that stands for it.
 * @throws ProtobufError for malformed bytes and for kinds that have no protobuf form here; says which
 */
export function decodeProtobuf(bytes: Uint8Array): JsonRecord {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtobufError('not a Kubernetes protobuf body: it does not begin with "k8s" and a zero byte');
  }
  const { apiVersion, kind, raw, encoding } = readEnvelope(body.subarray(MAGIC.length));
  if (encoding !== '')
    throw new ProtobufError(`content encoding ${JSON.stringify(encoding)} is not supported`);
  const message = messageNameOf(apiVersion, kind);
  if (message === undefined)
    throw new ProtobufError(`${apiVersion} ${kind} has no protobuf form here: send it as JSON`);
  // A list without items has no trace of them on the wire.
  return {
    apiVersion,
    kind,
    ...(kind.endsWith('List') && { items: [] }),
    ...decodeMessage(raw, message, MESSAGES),
  };
}

function readEnvelope(bytes: Uint8Array) {
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array(), encoding: '' };
  for (const field of readFields(bytes)) {
    if (field.number === ENVELOPE.raw) envelope.raw = Uint8Array.from(bytesOf(field));
    if (field.number === ENVELOPE.contentEncoding) envelope.encoding = stringOf(field);
    if (field.number !== ENVELOPE.typeMeta) continue;
    for (const typeField of readFields(bytesOf(field))) {
      if (typeField.number === 1) envelope.apiVersion = stringOf(typeField);
      if (typeField.number === 2) envelope.kind = stringOf(typeField);
    }
  }
  return envelope;
}

/**
 * An API object as a Kubernetes protobuf body; undefined where its kind has no protobuf form.
 * @throws ProtobufError for a field of the wrong type
 */
export function encodeProtobuf(object: JsonRecord): Buffer | undefined {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return undefined;
  const message = messageNameOf(apiVersion, kind);
  if (message === undefined) return undefined;
  const typeMeta = protobuf.Writer.create();
  typeMeta.uint32(lengthDelimited(1)).string(apiVersion).uint32(lengthDelimited(2)).string(kind);
  const envelope = protobuf.Writer.create();
  envelope.uint32(lengthDelimited(ENVELOPE.typeMeta)).bytes(typeMeta.finish());
  envelope.uint32(lengthDelimited(ENVELOPE.raw)).bytes(encodeMessage(object, message, MESSAGES));
  return Buffer.concat([MAGIC, envelope.finish()]);
}

/**
 * One frame of a protobuf watch: four bytes of length, then a metav1.WatchEvent whose object has the envelope.
 * Undefined where the object's kind has no protobuf form.
 * @throws ProtobufError for a field of the wrong type
 */
export function encodeProtobufWatchEvent(type: string, object: JsonRecord): Buffer | undefined {
  const body = encodeProtobuf(object);
  if (body === undefined) return undefined;
  const raw = protobuf.Writer.create().uint32(lengthDelimited(1)).bytes(body).finish();
  const event = protobuf.Writer.create();
  event.uint32(lengthDelimited(1)).string(type).uint32(lengthDelimited(2)).bytes(raw);
  const bytes = event.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function lengthDelimited(number: number): number {
  return ((number << 3) | WIRE.bytes) >>> 0;
}
