import { randomBytes } from 'node:crypto';
import {
  type Context,
  context,
  createContextKey,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  propagation,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * The annotation that carries the W3C traceparent of the write that last changed an object's spec. Every
 * process that works for that change continues the trace from it, so that one trace spans apply to first request.
 */
export const TRACEPARENT_ANNOTATION = 'holt.dev/traceparent';

/** A fresh, sampled W3C traceparent (https://www.w3.org/TR/trace-context/). */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

/** The traceparent of the span that the caller runs in; undefined where none is recorded. */
export function activeTraceparent(): string | undefined {
  const active = trace.getSpanContext(context.active());
  if (active === undefined || !isSpanContextValid(active)) return undefined;
  const { traceId, spanId, traceFlags } = active;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Whether spans are recorded in this process; where not, what belongs to them need not be computed. */
export function isTracing(): boolean {
  return tracing;
}

let tracing = false;

/** Called where export starts and ends. */
export function setTracing(on: boolean): void {
  tracing = on;
}

/** Whether the span that the caller runs in changed something; knows of the one around it. */
interface Work {
  done: boolean;
  readonly around: Work | undefined;
}

const WORK = createContextKey('holt work');

function workOf(at: Context): Work | undefined {
  return at.getValue(WORK) as Work | undefined;
}

/** Says that the span which the caller runs in changes something, so that `onlyWithWork` keeps it. */
export function noteWork(at: Context = context.active()): void {
  for (let work = workOf(at); work !== undefined; work = work.around) work.done = true;
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanOptions {
  /** Parent; usually the object's TRACEPARENT_ANNOTATION. Default: the span that the caller runs in. */
  readonly traceparent?: string | undefined;
  /** Traceparent of another trace that this span belongs to as well. */
  readonly linked?: string | undefined;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Wall milliseconds since the epoch; default now. */
  readonly startTimeMs?: number;
  /** Drops the span where nothing was done in it: no span below it, no `noteWork`, no error. */
  readonly onlyWithWork?: boolean;
}

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

function parentOf(traceparent: string | undefined): Context {
  const active = context.active();
  return traceparent === undefined ? active : propagation.extract(active, { traceparent });
}

function linksTo(linked: string | undefined): { context: SpanContext }[] {
  const other = linked === undefined ? undefined : trace.getSpanContext(parentOf(linked));
  return other === undefined ? [] : [{ context: other }];
}

function begin(name: string, options: SpanOptions, parent: Context): Span {
  const { attributes, kind = SpanKind.INTERNAL, startTimeMs } = options;
  const links = linksTo(options.linked);
  // As a Date: a number before this process's start would be taken for milliseconds since then.
  const start = startTimeMs === undefined ? {} : { startTime: new Date(startTimeMs) };
  return trace
    .getTracer('holt')
    .startSpan(name, { kind, links, attributes: { ...attributes }, ...start }, parent);
}

/** Runs `work` in a span; an error marks the span and is thrown on. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (!tracing) return work(NO_SPAN);
  const parent = parentOf(options.traceparent);
  const own: Work = { done: options.onlyWithWork !== true, around: workOf(parent) };
  if (own.done) noteWork(parent);
  const span = begin(name, options, parent);
  try {
    return await context.with(trace.setSpan(parent, span).setValue(WORK, own), () => work(span));
  } catch (error) {
    own.done = true;
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
    throw error;
  } finally {
    // A span that is never ended is never exported.
    if (own.done) span.end();
  }
}

/** A span of something that is over. @param endTimeMs wall milliseconds since the epoch; default now */
export function recordSpan(name: string, options: SpanOptions, endTimeMs?: number): void {
  if (!tracing) return;
  const parent = parentOf(options.traceparent);
  noteWork(parent);
  begin(name, options, parent).end(endTimeMs === undefined ? undefined : new Date(endTimeMs));
}
