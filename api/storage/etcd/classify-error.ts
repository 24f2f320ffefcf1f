import { ClientClosedError } from 'etcd3';
import { StorageError, type StorageErrorKind } from '../storage-error.ts';
import { GRPC_CODE, GrpcError } from './grpc-call.ts';

/** etcd's own words (rpctypes/error.go), and gRPC's of a message that is too large or an answer that is none. */
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
  ['Received RST_STREAM', 'unavailable'],
  ['Failed to start HTTP/2 stream', 'unavailable'],
];

const UNAVAILABLE_CODES: readonly number[] = [
  GRPC_CODE.unavailable,
  GRPC_CODE.deadlineExceeded,
  GRPC_CODE.cancelled,
];

/**
 * What grpc-js 1.14 says of a call of which no server has seen anything: there is no connection to put it on, the
 * channel was closed before it began, the server's HTTP/2 layer refused it, or its deadline came before there was a
 * connection (channel: load-balancer-pick-first.ts, internal-channel.ts; call: subchannel-call.ts,
 * load-balancing-call.ts, resolving-call.ts). Etcd has no such words.
 */
const NEVER_SENT: readonly (readonly [code: number, details: RegExp])[] = [
  [
    GRPC_CODE.unavailable,
    /^(No connection established|Name resolution failed|Channel closed before call started)/,
  ],
  [GRPC_CODE.unavailable, /^Stream refused by server$/],
  [GRPC_CODE.internal, /^Failed to start HTTP\/2 stream/],
  [
    GRPC_CODE.deadlineExceeded,
    /^Deadline exceeded after .*(waiting for name resolution|Waiting for LB pick)$/,
  ],
];

function kindOf(error: unknown, text: string): StorageErrorKind {
  const named = KIND_BY_TEXT.find(([words]) => text.includes(words));
  if (named !== undefined) return named[1];
  if (error instanceof ClientClosedError) return 'unavailable';
  return error instanceof GrpcError && UNAVAILABLE_CODES.includes(error.code) ? 'unavailable' : 'internal';
}

/** The failure of an etcd call, classified. */
export function classifyEtcdError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new StorageError(kindOf(error, text), text, error);
}

/**
 * Whether the call surely never reached etcd, so that nothing of it was carried out. What grpc-js tells in other
 * words than those known here counts as sent, which is the safe side: nobody repeats it. So do calls that waited in
 * this process for their turn on a connection when it was dropped: grpc-js does not tell them from the others.
 */
export function wasNeverSent({ cause }: StorageError): boolean {
  if (cause instanceof ClientClosedError) return true;
  return (
    cause instanceof GrpcError &&
    NEVER_SENT.some(([code, details]) => cause.code === code && details.test(cause.details))
  );
}
