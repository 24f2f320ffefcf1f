/**
 * The class of an error decides when a key is tried again; the message never does.
 *
 * | class | tried again |
 * |---|---|
 * | TerminalError | not before the object changes |
 * | StallingError | not before something changes, or after `retryAfterMs` (default 5 min): a person must act |
 * | WaitingError | after `requeueAfterMs`, no back-off: something else must happen first, nothing is wrong |
 * | a conflict of the API server | with back-off, silently: the cache was behind |
 * | any other | with exponential back-off |
 */
export interface ReasonedErrorOptions {
  /** PascalCase, a constant declared beside the kind: for the condition and the event. */
  readonly reason: string;
  readonly cause?: unknown;
}

/** Cannot succeed as the object stands. */
export class TerminalError extends Error {
  readonly reason: string;

  constructor(message: string, options: ReasonedErrorOptions) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'TerminalError';
    this.reason = options.reason;
  }
}

/** Progress needs a person: a missing image, a full disk. */
export class StallingError extends Error {
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(message: string, options: ReasonedErrorOptions & { readonly retryAfterMs?: number }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'StallingError';
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs ?? 300_000;
  }
}

/** Something else must happen first; an event will most likely tell, and `requeueAfterMs` is the safety net. */
export class WaitingError extends Error {
  readonly reason: string;
  readonly requeueAfterMs: number;

  constructor(message: string, options: ReasonedErrorOptions & { readonly requeueAfterMs?: number }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'WaitingError';
    this.reason = options.reason;
    this.requeueAfterMs = options.requeueAfterMs ?? 5_000;
  }
}

/** The messages of an error and its causes, for a condition: `start VMM: spawn: no such file`. */
export function causeChain(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current !== undefined && messages.length < 8; ) {
    if (!(current instanceof Error)) {
      messages.push(String(current));
      break;
    }
    // Many errors repeat their cause's message in their own.
    if (!messages.some((message) => message.includes((current as Error).message)))
      messages.push(current.message);
    current = current.cause;
  }
  return messages.join(': ');
}
