import type { StreamRecord } from './records.ts';
import type { RevisionGroup } from './revision-assembler.ts';

/** Where the stream goes. */
export interface RelaySink {
  /**
   * Resolves once the records can no longer be lost. After a rejection all of them are given again.
   * @throws SinkRefusal when trying again alone won't help; any other error when it may
   */
  append(groups: readonly RevisionGroup<StreamRecord>[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The sink said no in a way that somebody has to look after. */
export class SinkRefusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SinkRefusal';
  }
}

/** The sink says when to come again. */
export class SinkBusy extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.name = 'SinkBusy';
    this.retryAfterMs = retryAfterMs;
  }
}
