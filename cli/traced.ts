import { withSpan } from '../lib/telemetry.ts';
import { startTelemetry } from '../lib/telemetry-export.ts';
import type { CliContext } from './context.ts';

/** A person waits: a collector that does not answer costs no more than this. */
const EXPORT_TIMEOUT_MS = 1_000;

/** Runs a command in a span, the root of its trace; exported where OTEL_EXPORTER_OTLP_ENDPOINT is set. */
export async function traced(command: string, context: CliContext, run: () => Promise<void>): Promise<void> {
  const stop = await startTelemetry({
    serviceName: 'holt-cli',
    otlpEndpoint: context.env.OTEL_EXPORTER_OTLP_ENDPOINT,
    timeoutMs: EXPORT_TIMEOUT_MS,
    onProblem: (problem) => context.stderr.write(`holt: ${problem}\n`),
  });
  try {
    await withSpan(`holt ${command}`, {}, run);
  } finally {
    await stop();
  }
}
