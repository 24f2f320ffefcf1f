import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerContext } from './context.ts';
import type { RequestKind } from './metrics.ts';
import type { Target } from './resource.ts';

/** What the log and the metrics say of one request: metadata only, never a body. */
export class RequestRecord {
  readonly #context: ServerContext;
  readonly #request: IncomingMessage;
  readonly #path: string;
  readonly #startMs: number;
  #verb: string;
  #plural = '';
  #target: Target | undefined;
  user = '';
  error: string | undefined;

  constructor(context: ServerContext, request: IncomingMessage, path: string) {
    this.#context = context;
    this.#request = request;
    this.#path = path;
    this.#startMs = context.clock.monotonicMs();
    this.#verb = request.method ?? '';
    context.metrics.requestsInFlight[this.#kind] += 1;
  }

  /** Says what the request turned out to be for. */
  setTarget(verb: string, plural: string, target: Target): void {
    const { requestsInFlight } = this.#context.metrics;
    requestsInFlight[this.#kind] -= 1;
    this.#verb = verb;
    this.#plural = plural;
    this.#target = target;
    requestsInFlight[this.#kind] += 1;
  }

  /** The response is through, or the client is gone. */
  finish(response: ServerResponse): void {
    const { metrics, clock, logger } = this.#context;
    const durationMs = clock.monotonicMs() - this.#startMs;
    const subresource = this.#target?.subresource ?? '';
    metrics.requestsInFlight[this.#kind] -= 1;
    if (this.#verb !== 'watch' && this.#verb !== 'connect') {
      const labels = {
        verb: this.#verb,
        resource: this.#plural,
        subresource,
        code: String(response.statusCode),
      };
      metrics.requestDuration.observe(labels, durationMs / 1000);
    }
    const level = response.statusCode >= 500 ? 'warn' : this.#isRoutine ? 'debug' : 'info';
    if (!logger.isLevelEnabled(level)) return;
    const fields = {
      verb: this.#verb,
      path: this.#path,
      ...(this.#target === undefined
        ? {}
        : { namespace: this.#target.namespace, object: this.#target.name, subresource }),
      user: this.user,
      userAgent: this.#request.headers['user-agent'],
      code: response.statusCode,
      durationMs: Math.round(durationMs * 100) / 100,
      complete: response.writableFinished,
      error: this.error,
    };
    logger[level](fields, 'request');
  }

  /** Reads and heartbeats come in their thousands: they are logged only where more is asked for. */
  get #isRoutine(): boolean {
    return this.#request.method === 'GET' || this.#plural === 'leases';
  }

  get #kind(): RequestKind {
    if (this.#verb === 'watch' || this.#verb === 'connect') return 'watch';
    return this.#request.method === 'GET' ? 'read' : 'write';
  }
}
