import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const attribute = z.object({
  key: z.string(),
  value: z.looseObject({
    stringValue: z.string().optional(),
    intValue: z.union([z.number(), z.string()]).optional(),
    boolValue: z.boolean().optional(),
  }),
});

/** ExportTraceServiceRequest in OTLP/JSON, as far as tests look (https://opentelemetry.io/docs/specs/otlp/). */
const exportRequest = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              startTimeUnixNano: z.string(),
              attributes: z.array(attribute).default([]),
              links: z.array(z.object({ traceId: z.string() })).default([]),
              status: z.object({ code: z.number().optional() }).default({}),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A span that was exported. */
export interface SinkSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  readonly startTimeMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly linkedTraceIds: readonly string[];
  readonly isError: boolean;
}

/** A fake collector: keeps every span that it is sent. */
export interface FakeOtlpSink {
  readonly endpoint: string;
  readonly spans: readonly SinkSpan[];
  close(): Promise<void>;
}

function attributesOf(attributes: readonly z.infer<typeof attribute>[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      String(value.stringValue ?? value.intValue ?? value.boolValue ?? ''),
    ]),
  );
}

function spansOf(body: unknown): SinkSpan[] {
  return exportRequest.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource.attributes)['service.name'] ?? '';
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        service,
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        startTimeMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        attributes: attributesOf(span.attributes),
        linkedTraceIds: span.links.map(({ traceId }) => traceId),
        isError: span.status.code === 2,
      }));
  });
}

/** Listens on loopback, on any free port. */
export async function startFakeOtlpSink(): Promise<FakeOtlpSink> {
  const spans: SinkSpan[] = [];
  const server = createServer((request, response) => {
    json(request).then(
      (body) => {
        spans.push(...spansOf(body));
        response.setHeader('content-type', 'application/json').end('{}');
      },
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
