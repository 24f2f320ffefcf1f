import type { DurableLog } from '../../lib/durable-log.ts';
import type { RelaySink } from './sink.ts';

/** A line a record, in a file that is on the disk before the cursor moves. */
export function createFileSink(log: DurableLog): RelaySink {
  return {
    append: (groups) =>
      log.append(groups.flatMap(({ items }) => items.map((record) => JSON.stringify(record)))),
    close: () => log.close(),
  };
}
