/** The codes of gRPC that matter here. Source: grpc/doc/statuscodes.md */
export const GRPC_CODE = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  internal: 13,
  unavailable: 14,
} as const;

/** A call that failed, in the server's words or for want of an answer. */
export class GrpcError extends Error {
  readonly code: number;
  /** False: it never reached the server, so that nothing of it was carried out. */
  readonly wasSent: boolean;

  constructor(code: number, message: string, options: { wasSent?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GrpcError';
    this.code = code;
    this.wasSent = options.wasSent ?? true;
  }
}
