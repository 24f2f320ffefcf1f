import { z } from 'zod';

const statusSchema = z.object({
  kind: z.literal('Status'),
  status: z.string().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
  code: z.int().optional(),
  details: z
    .looseObject({
      name: z.string().optional(),
      group: z.string().optional(),
      kind: z.string().optional(),
      uid: z.string().optional(),
      retryAfterSeconds: z.number().optional(),
      causes: z
        .array(
          z.object({
            field: z.string().optional(),
            message: z.string().optional(),
            reason: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** metav1.Status: how the API says no. */
export type ApiStatus = z.infer<typeof statusSchema>;

/** The API server answered with an error. */
export class ApiError extends Error {
  /** HTTP status code, e.g. 409. */
  readonly code: number;
  /** The server's word for programs, e.g. `Conflict` or `AlreadyExists`; `Unknown` where it gave none. */
  readonly reason: string;
  readonly details: ApiStatus['details'];

  constructor(
    attempt: string,
    status: { code: number; reason?: string; message?: string; details?: ApiStatus['details'] },
  ) {
    super(`${attempt}: ${status.message ?? `HTTP ${status.code}`}`);
    this.name = 'ApiError';
    this.code = status.code;
    this.reason = status.reason ?? 'Unknown';
    this.details = status.details;
  }
}

/** No answer: connection refused or cut, time-out, TLS failure. A write that ends so may or may not have been done. */
export class ApiUnreachableError extends Error {
  constructor(attempt: string, cause: unknown) {
    super(`${attempt}: no answer: ${cause instanceof Error ? describeCause(cause) : String(cause)}`, {
      cause,
    });
    this.name = 'ApiUnreachableError';
  }
}

function describeCause(error: Error): string {
  return error.message === '' ? ('code' in error && String(error.code)) || error.name : error.message;
}

/** Reads an answer's body as metav1.Status where it is one. */
export function parseStatus(body: unknown): ApiStatus | undefined {
  const parsed = statusSchema.safeParse(body);
  return parsed.success ? parsed.data : undefined;
}

/** The error that stands for an HTTP answer outside 2xx, or for the object of a watch ERROR event. */
export function toApiError(attempt: string, httpCode: number, body: unknown): ApiError {
  const status = parseStatus(body);
  const message =
    status?.message ?? (typeof body === 'string' && body !== '' ? body.slice(0, 500) : undefined);
  return new ApiError(attempt, {
    code: status?.code ?? httpCode,
    ...(status?.reason === undefined ? {} : { reason: status.reason }),
    ...(message === undefined ? {} : { message }),
    ...(status?.details === undefined ? {} : { details: status.details }),
  });
}

const hasCode = (error: unknown, code: number): error is ApiError =>
  error instanceof ApiError && error.code === code;

/** The object, or its namespace, is not there. */
export const isNotFound = (error: unknown): error is ApiError => hasCode(error, 404);

/** Not allowed; nodes are also told so of what is not there. */
export const isForbidden = (error: unknown): error is ApiError => hasCode(error, 403);

/** A create met an object of that name. */
export const isAlreadyExists = (error: unknown): error is ApiError =>
  hasCode(error, 409) && error.reason === 'AlreadyExists';

/** Somebody else wrote first, or a precondition (UID, resourceVersion) does not hold: read again and decide anew. */
export const isConflict = (error: unknown): error is ApiError =>
  hasCode(error, 409) && error.reason !== 'AlreadyExists';

/** The asked-for resourceVersion or page is compacted away: list again. */
export const isGone = (error: unknown): error is ApiError => hasCode(error, 410);
