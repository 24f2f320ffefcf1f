/** metav1.StatusCause. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** metav1.StatusDetails. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural of the resource, or the kind for Invalid. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusErrorInit {
  /** HTTP status code. */
  readonly code: number;
  /** metav1.StatusReason. */
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** For an expired list: the token to read the rest with. */
  readonly continueToken?: string;
  /** The answer's body where it is no Status but text. */
  readonly plainText?: string;
}

/** How the API says no: becomes a metav1.Status. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly continueToken: string | undefined;
  readonly plainText: string | undefined;

  constructor(init: StatusErrorInit) {
    super(init.message);
    this.name = 'StatusError';
    this.code = init.code;
    this.reason = init.reason;
    this.details = init.details;
    this.continueToken = init.continueToken;
    this.plainText = init.plainText;
  }

  /** The metav1.Status that clients get. */
  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}
