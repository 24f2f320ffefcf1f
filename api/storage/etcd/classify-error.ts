import { StorageError, type StorageErrorKind } from '../storage-error.ts';
import { GRPC_CODE, GrpcError } from './grpc-error.ts';

/** etcd's own words (rpctypes/error.go), and gRPC's of a message that is too large for etcd to read. */
const KIND_BY_TEXT: readonly (readonly [string, StorageErrorKind])[] = [
  ['database space exceeded', 'no-space'],
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['request is too large', 'too-large'],
  ['received message larger than max', 'too-large'],
  ['too many operations in txn request', 'too-large'],
  ['no leader', 'unavailable'],
  ['leader changed', 'unavailable'],
  ['request timed out', 'unavailable'],
  ['server stopped', 'unavailable'],
  ['too many requests', 'unavailable'],
];

const UNAVAILABLE_CODES: readonly number[] = [
  GRPC_CODE.unavailable,
  GRPC_CODE.deadlineExceeded,
  GRPC_CODE.cancelled,
];

function kindOf(error: unknown, text: string): StorageErrorKind {
  const named = KIND_BY_TEXT.find(([words]) => text.includes(words));
  if (named !== undefined) return named[1];
  return error instanceof GrpcError && UNAVAILABLE_CODES.includes(error.code) ? 'unavailable' : 'internal';
}

/** The failure of an etcd call, classified. */
export function classifyEtcdError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StorageError(kindOf(error, text), text, error);
}

/** Whether the call never reached etcd, so that nothing of it was carried out. */
export function wasNeverSent({ cause }: StorageError): boolean {
  return cause instanceof GrpcError && !cause.wasSent;
}
