import {
  ClientClosedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCUnavailableError,
} from 'etcd3';
import { StorageError, type StorageErrorKind } from '../storage-error.ts';

/** etcd's own words (rpctypes/error.go); etcd3 drops the gRPC code, so they are all there is. */
const KIND_BY_TEXT: readonly (readonly [string, StorageErrorKind])[] = [
  ['database space exceeded', 'no-space'],
  ['required revision has been compacted', 'compacted'],
  ['required revision is a future revision', 'future-revision'],
  ['request is too large', 'too-large'],
  ['too many operations in txn request', 'too-large'],
  ['no leader', 'unavailable'],
  ['leader changed', 'unavailable'],
  ['request timed out', 'unavailable'],
  ['server stopped', 'unavailable'],
  ['too many requests', 'unavailable'],
  ['Channel has been shut down', 'unavailable'],
  ['Cannot create channel', 'unavailable'],
];

const UNAVAILABLE_CLASSES = [
  GRPCUnavailableError,
  GRPCDeadlineExceededError,
  GRPCCancelledError,
  ClientClosedError,
] as const;

function kindOf(error: unknown, text: string): StorageErrorKind {
  const named = KIND_BY_TEXT.find(([words]) => text.includes(words));
  if (named !== undefined) return named[1];
  return UNAVAILABLE_CLASSES.some((ctor) => error instanceof ctor) ? 'unavailable' : 'internal';
}

/** The failure of an etcd call, classified. */
export function classifyEtcdError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StorageError(kindOf(error, text), text, error);
}
