import type { HoltConfig } from '../../lib/config.ts';
import { DurableLog } from '../../lib/durable-log.ts';
import type { ManagerContext } from '../manager-context.ts';
import { createFileSink } from './file-sink.ts';
import { createHttpSink } from './http-sink.ts';
import type { EventRelayMetrics } from './metrics.ts';
import { EventRelay } from './relay.ts';
import { readRelayedRevision } from './relay-cursor.ts';
import type { RelaySink } from './sink.ts';

export { createEventRelayMetrics } from './metrics.ts';

/** What the relay needs besides what every controller has. */
export interface EventRelayFacts {
  readonly eventRelay: {
    readonly config: HoltConfig['eventRelay'];
    /** Where the file line goes. */
    readonly streamFile: string;
    /** Unique a process. */
    readonly holder: string;
    readonly metrics: EventRelayMetrics;
  };
}

const FILE_CURSOR = 'holt-event-relay';
const ENDPOINT_CURSOR = 'holt-event-relay-endpoint';

/** Reads up to which revision Events were relayed on every line that is configured; Infinity where none is. */
export function relayedRevisionReader(
  { client }: Pick<ManagerContext, 'client'>,
  { eventRelay }: EventRelayFacts,
): (signal: AbortSignal) => Promise<number> {
  const { file, endpoint } = eventRelay.config;
  const cursors = [
    ...(file.enabled ? [FILE_CURSOR] : []),
    ...(endpoint === undefined ? [] : [ENDPOINT_CURSOR]),
  ];
  return async (signal) => {
    const read = async (name: string) => (await readRelayedRevision(client, name, signal)) ?? 0;
    return Math.min(...(await Promise.all(cursors.map(read))));
  };
}

/** Starts a relay a configured sink: each has its own cursor, so that one that stalls holds up no other. */
export function startEventRelay(
  context: ManagerContext,
  { eventRelay }: EventRelayFacts,
): { stop(): Promise<void> } {
  const { file, endpoint } = eventRelay.config;
  const stopping = new AbortController();
  const running: Promise<void>[] = [];
  const start = (line: string, cursorName: string, sink: RelaySink) => {
    const relay = new EventRelay({ ...context, ...eventRelay, line, cursorName, sink });
    running.push(relay.run(stopping.signal));
  };
  if (file.enabled) start('file', FILE_CURSOR, createFileSink(openStream(context, eventRelay)));
  if (endpoint !== undefined) start('endpoint', ENDPOINT_CURSOR, createHttpSink(endpoint));
  return {
    stop: async () => {
      stopping.abort(new Error('the event relay stops'));
      await Promise.all(running);
    },
  };
}

function openStream(
  { logger }: ManagerContext,
  { config, streamFile }: EventRelayFacts['eventRelay'],
): DurableLog {
  return new DurableLog({
    path: streamFile,
    fileBytes: config.file.fileMiB * 2 ** 20,
    filesMax: config.file.filesMax,
    onTornLine: (bytes) =>
      logger.warn({ file: streamFile, bytes }, 'a line that was cut short was removed; it is relayed again'),
  });
}
