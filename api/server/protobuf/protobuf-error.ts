/** Bytes that are not what they claim to be, or a value that has no protobuf form; the message says where. */
export class ProtobufError extends Error {
  override name = 'ProtobufError';
}
