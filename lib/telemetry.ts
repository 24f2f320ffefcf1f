import { randomBytes } from 'node:crypto';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';

/**
 * The annotation that carries the W3C traceparent of the write that last changed an object's spec. Every
 * process that works for that change continues the trace from it, so that one trace spans apply to first request.
 */
export const TRACEPARENT_ANNOTATION = 'holt.dev/traceparent';

/** A fresh, sampled W3C traceparent (https://www.w3.org/TR/trace-context/). */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

/** Starts export where an OTLP/HTTP endpoint is set; without one spans are no-ops. Returns the flush-and-stop. */
export function startTelemetry(serviceName: string, otlpEndpoint: string | undefined): () => Promise<void> {
  if (otlpEndpoint === undefined) return async () => {};
  const sdk = new NodeSDK({
    serviceName,
    instrumentations: [],
    textMapPropagator: new W3CTraceContextPropagator(),
    traceExporter: new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces` }),
  });
  sdk.start();
  return () => sdk.shutdown();
}

export interface SpanOptions {
  /** Parent; usually the object's TRACEPARENT_ANNOTATION. */
  readonly traceparent?: string | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** Wall milliseconds since the epoch; default now. */
  readonly startTimeMs?: number;
}

/** Runs `work` in a span; an error marks the span and is thrown on. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const parent =
    options.traceparent === undefined
      ? context.active()
      : propagation.extract(context.active(), { traceparent: options.traceparent });
  const span = trace.getTracer('holt').startSpan(
    name,
    {
      kind: SpanKind.INTERNAL,
      attributes: { ...options.attributes },
      ...(options.startTimeMs === undefined ? {} : { startTime: options.startTimeMs }),
    },
    parent,
  );
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: error instanceof Error ? error.message : String(error),
    });
    throw error;
  } finally {
    span.end();
  }
}
