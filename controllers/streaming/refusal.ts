import { VsockHttpError } from '../../lib/http-over-vsock.ts';
import { VsockError } from '../../lib/hybrid-vsock.ts';
import { PodmanError } from '../../lib/podman/index.ts';

/** The endpoint says no: becomes a metav1.Status. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.reason = reason;
  }

  /** The metav1.Status that the client gets. */
  toStatus(): Record<string, unknown> {
    const { code, reason, message } = this;
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  }
}

/** What the guest's own refusals are, in the API's terms; anything else is a guest that does not answer. */
export function toRefusal(error: unknown, what: string): Refusal {
  if (error instanceof Refusal) return error;
  const detail = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
  if (error instanceof PodmanError) {
    if (error.status === 404)
      return new Refusal(
        404,
        'NotFound',
        `${what}: the guest has no such container any more; it is made anew`,
      );
    if (error.status === 409 || /state improper|not running/.test(`${error.podmanCause} ${error.message}`))
      return new Refusal(409, 'Conflict', `${what}: its program does not run now (${detail})`);
    return new Refusal(500, 'InternalError', `${what}: ${detail}`);
  }
  if (!(error instanceof VsockError || error instanceof VsockHttpError))
    return new Refusal(500, 'InternalError', `${what}: ${detail}`);
  return new Refusal(
    503,
    'ServiceUnavailable',
    `${what}: the guest does not answer (${detail}); "kubectl describe uservm" says how its VM stands`,
  );
}
