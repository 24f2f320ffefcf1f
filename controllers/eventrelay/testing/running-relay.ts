import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { ApiClient } from '../../../api/client/index.ts';
import { systemClock } from '../../../lib/clock.ts';
import { DurableLog } from '../../../lib/durable-log.ts';
import { createFileSink } from '../file-sink.ts';
import { createEventRelayMetrics } from '../metrics.ts';
import type { StreamRecord } from '../records.ts';
import { EventRelay } from '../relay.ts';
import type { RelaySink } from '../sink.ts';

export interface RunningRelay {
  readonly registry: Registry;
  stop(): Promise<void>;
}

export interface RunningRelayOptions {
  readonly client: ApiClient;
  readonly holder?: string;
  readonly sink: RelaySink;
}

/** A relay with the machine's clock. */
export function runRelay({ client, sink, holder = 'test' }: RunningRelayOptions): RunningRelay {
  const stopping = new AbortController();
  const registry = new Registry();
  const relay = new EventRelay({
    line: 'file',
    cursorName: 'holt-event-relay',
    holder,
    client,
    sink,
    clock: systemClock,
    logger: pino({ level: process.env.HOLT_TEST_LOG ?? 'silent' }),
    metrics: createEventRelayMetrics(registry),
  });
  const running = relay.run(stopping.signal);
  return {
    registry,
    stop: async () => {
      stopping.abort(new Error('told to stop'));
      await running;
    },
  };
}

/** The file sink of a stream, in one file. */
export function fileSinkAt(path: string): RelaySink {
  return createFileSink(new DurableLog({ path, fileBytes: 2 ** 30, filesMax: 0 }));
}

/** All whole records of a stream. */
export async function readStream(path: string): Promise<StreamRecord[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The records as a reader sees them who drops what it has seen. */
export function withoutRepetitions(records: readonly StreamRecord[]): StreamRecord[] {
  const seen = new Set<string>();
  return records.filter(({ source, id }) => {
    const key = `${source} ${id}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Whether no record is of an older revision than the one before it. */
export function isInOrder(records: readonly StreamRecord[]): boolean {
  return records.every(
    ({ resourceversion }, at) => Number(resourceversion) >= Number(records[at - 1]?.resourceversion ?? 0),
  );
}
