import { SpanKind } from '@opentelemetry/api';
import { isTracing, withSpan } from '../../../lib/telemetry.ts';
import type { Answer } from './answer.ts';
import type { Target } from './resource.ts';
import { asStatusError } from './storage-status.ts';

/** A write, as its span tells of it. */
export interface TracedWrite {
  readonly method: string;
  /** Plural name of the resource. */
  readonly plural: string;
  readonly target: Target;
  readonly user: string;
  /** The request's header. */
  readonly traceparent: string | undefined;
}

/**
 * Whether a write gets a span: what others trace, and what people and programs declare. Status writes and
 * heartbeats that belong to no trace would each begin one, without an end.
 */
function isTraced({ method, plural, target, traceparent }: TracedWrite): boolean {
  if (!isTracing() || method === 'GET' || method === 'HEAD') return false;
  return traceparent !== undefined || (target.subresource === undefined && plural !== 'leases');
}

function codeOf(answer: Answer): number {
  return 'code' in answer ? answer.code : 200;
}

/**
 * Answers a write in a span, e.g. `PATCH uservms`, below the request's own. What the write marks its object with
 * is this span. Reads, and all requests where no traces are exported, are answered as they are.
 */
export function traceWrite(write: TracedWrite, answer: () => Promise<Answer>): Promise<Answer> {
  if (!isTraced(write)) return answer();
  const { method, plural, target, user, traceparent } = write;
  const { namespace, name, subresource } = target;
  const what = subresource === undefined ? plural : `${plural}/${subresource}`;
  const attributes = { resource: plural, namespace, name, subresource, user };
  return withSpan(`${method} ${what}`, { traceparent, kind: SpanKind.SERVER, attributes }, async (span) => {
    try {
      const found = await answer();
      span.setAttribute('code', codeOf(found));
      if (found.kind === 'stored') {
        const { uid, name: stored } = found.stored.object.metadata;
        span.setAttributes({ name: stored, uid });
      }
      return found;
    } catch (error) {
      const status = asStatusError(error);
      span.setAttributes({
        code: status?.code ?? 500,
        ...(status === undefined ? {} : { reason: status.reason }),
      });
      throw error;
    }
  });
}
