import { z } from 'zod';

const errorSchema = z.object({
  cause: z.string().optional(),
  message: z.string(),
  response: z.int().optional(),
});

/** podman answered with an error. */
export class PodmanError extends Error {
  /** HTTP status code. podman says 500 for most refusals: `cause` tells them apart. */
  readonly status: number;
  /** podman's innermost error text, e.g. `no such container`. */
  readonly podmanCause: string;

  constructor(attempt: string, answer: { status: number; cause: string; message: string }) {
    super(`podman ${attempt}: ${answer.message}`);
    this.name = 'PodmanError';
    this.status = answer.status;
    this.podmanCause = answer.cause;
  }
}

/** The error that stands for an answer outside 2xx. */
export function toPodmanError(attempt: string, status: number, body: string): PodmanError {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  const parsed = errorSchema.safeParse(json);
  if (!parsed.success)
    return new PodmanError(attempt, { status, cause: '', message: `HTTP ${status} ${body.slice(0, 300)}` });
  return new PodmanError(attempt, { status, cause: parsed.data.cause ?? '', message: parsed.data.message });
}

/** The container or image is not there. */
export function isPodmanNotFound(error: unknown): error is PodmanError {
  return error instanceof PodmanError && error.status === 404;
}

/**
 * A create met a container of that name. podman 4 answers 500 with this cause, later ones 409
 * (libpod/define/errors.go: ErrCtrExists; containers/storage: ErrDuplicateName).
 */
export function isPodmanNameTaken(error: unknown): error is PodmanError {
  return (
    error instanceof PodmanError &&
    (error.status === 409 || error.podmanCause === 'that name is already in use')
  );
}

/** A path that the request names does not exist in the guest, e.g. a root file system or the source of a mount. */
export function isPodmanPathMissing(error: unknown): error is PodmanError {
  return error instanceof PodmanError && error.podmanCause === 'no such file or directory';
}
