/** The codes of gRPC that matter here. Source: grpc/doc/statuscodes.md */
export const GRPC_CODE = { cancelled: 1, deadlineExceeded: 4, internal: 13, unavailable: 14 } as const;

/** How a call ended. */
interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** A call that failed: etcd's status, or grpc-js's of a call that etcd did not answer. */
export class GrpcError extends Error implements GrpcStatus {
  readonly code: number;
  readonly details: string;

  constructor({ code, details }: GrpcStatus) {
    super(details);
    this.name = 'GrpcError';
    this.code = code;
    this.details = details;
  }
}

type UnaryCallback = (error: GrpcStatus | null, value?: unknown) => void;

/** What of grpc-js's CallProperties is changed here. */
export interface GrpcCall {
  readonly metadata: { set(key: string, value: string): void };
  readonly callback?: UnaryCallback;
}

/**
 * Failures reach `etcd3` as GrpcError. It passes on an error that is of a class already (its errors.ts,
 * `castGrpcError`); of every other it drops the code, and for many of them closes the channel with whatever else is
 * on it.
 */
export function keepGrpcErrors<Call extends GrpcCall>(call: Call): Call {
  const { callback } = call;
  if (callback === undefined) return call;
  const keep: UnaryCallback = (error, value) =>
    error === null ? callback(null, value) : callback(new GrpcError(error));
  return { ...call, callback: keep };
}

/** A member cut off from its quorum ends the stream instead of keeping it silent. */
export function requireLeader<Call extends GrpcCall>(call: Call): Call {
  call.metadata.set('hasleader', 'true');
  return call;
}
