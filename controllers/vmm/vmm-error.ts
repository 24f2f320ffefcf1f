/** The VMM answered a call with an error: its HTTP status and its cause chain, outermost first. */
export class VmmApiError extends Error {
  readonly call: string;
  readonly statusCode: number;
  readonly causes: readonly string[];

  constructor(call: string, statusCode: number, causes: readonly string[]) {
    super(`${call}: HTTP ${statusCode}: ${causes.join(': ') || 'no cause given'}`);
    this.name = 'VmmApiError';
    this.call = call;
    this.statusCode = statusCode;
    this.causes = causes;
  }

  /** The VMM has no VM (404): never created, or deleted. */
  get isVmNotCreated(): boolean {
    return this.statusCode === 404;
  }
}

export type VmmUnreachableReason =
  /** No socket file. */
  | 'absent'
  /** A socket file that nobody listens on: the VMM died and left it. */
  | 'refused'
  /** No answer in time: whether the call took effect is unknown. */
  | 'timeout'
  /** The connection broke before the answer: whether the call took effect is unknown. */
  | 'broken'
  /** The answer was not HTTP, not JSON or not of the expected form. */
  | 'malformed'
  /** The caller's signal. */
  | 'aborted';

/** The VMM gave no answer that can be read. */
export class VmmUnreachableError extends Error {
  readonly call: string;
  readonly reason: VmmUnreachableReason;

  constructor(call: string, reason: VmmUnreachableReason, detail: string, cause?: unknown) {
    super(`${call}: ${detail}`, { cause });
    this.name = 'VmmUnreachableError';
    this.call = call;
    this.reason = reason;
  }

  /** True where nothing was sent to a VMM, so that the call certainly had no effect. */
  get isWithoutEffect(): boolean {
    return this.reason === 'absent' || this.reason === 'refused';
  }
}
