import { context, propagation, trace } from '@opentelemetry/api';
import { setTracing } from './telemetry.ts';

export interface TelemetryOptions {
  /** `service.name` of the spans, e.g. `holt-node`. */
  readonly serviceName: string;
  /** OTLP/HTTP base URL; undefined or empty: spans are no-ops, and nothing is loaded. */
  readonly otlpEndpoint: string | undefined;
  /** Told in one line when export begins to fail; told again only after it worked in between. */
  readonly onProblem: (problem: string) => void;
  /** How long one export may take, and how long the last one holds up the process; default 2,000. */
  readonly timeoutMs?: number;
}

/** Starts the export of spans. Resolves to its end: flushes what is left, within `timeoutMs`; never rejects. */
export async function startTelemetry(options: TelemetryOptions): Promise<() => Promise<void>> {
  const { otlpEndpoint = '', onProblem } = options;
  if (otlpEndpoint === '') return async () => {};
  try {
    return await startExport(options, otlpEndpoint);
  } catch (error) {
    onProblem(`traces are not exported: ${error instanceof Error ? error.message : String(error)}`);
    return async () => {};
  }
}

async function startExport(options: TelemetryOptions, endpoint: string): Promise<() => Promise<void>> {
  const { serviceName, onProblem, timeoutMs = 2_000 } = options;
  const url = `${new URL(endpoint).href.replace(/\/$/, '')}/v1/traces`;
  // The SDK takes a while to load: only those who export pay for it.
  const [{ NodeSDK, tracing, core }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: timeoutMs });
  const reporting = reportFailures(exporter, (reason) =>
    onProblem(`traces are not exported to ${url}: ${reason}; everything else goes on`),
  );
  const sdk = new NodeSDK({
    serviceName,
    instrumentations: [],
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
    textMapPropagator: new core.W3CTraceContextPropagator(),
    spanProcessors: [
      new tracing.BatchSpanProcessor(reporting, {
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  });
  sdk.start();
  setTracing(true);
  return async () => {
    setTracing(false);
    await within(timeoutMs, sdk.shutdown());
    for (const api of [trace, context, propagation]) api.disable();
  };
}

/** What an exporter is asked, as far as failures of it matter. */
interface Exporter<Spans, Result extends { readonly error?: Error }> {
  export(spans: Spans, done: (result: Result) => void): void;
}

/** The same exporter, which tells once of each row of failures. */
function reportFailures<
  Spans,
  Result extends { readonly code: number; readonly error?: Error },
  E extends Exporter<Spans, Result>,
>(exporter: E & Exporter<Spans, Result>, onFailure: (reason: string) => void): E {
  const send = exporter.export.bind(exporter);
  let isFailing = false;
  exporter.export = (spans, done) =>
    send(spans, (result) => {
      const failed = result.code !== 0;
      if (failed && !isFailing) onFailure(reasonOf(result.error));
      isFailing = failed;
      done(result);
    });
  return exporter;
}

/** Connection errors to several addresses of a host come as one error without words of its own. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'no reason given';
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  // A failed flush was told by the exporter.
  await Promise.race([work.catch(() => {}), promise]);
  clearTimeout(timer);
}
