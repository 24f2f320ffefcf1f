import { Counter, Gauge, type Registry } from 'prom-client';

/** Metrics of the relays of a process; each line has the label `line`. */
export interface EventRelayMetrics {
  readonly relayed: Counter<'line'>;
  readonly retries: Counter<'line' | 'at'>;
  readonly gaps: Counter<'line' | 'reason'>;
  /** Called with what to tell when the metrics are read; returns the way to leave. */
  observeLag(line: string, lag: () => RelayLag): () => void;
}

export interface RelayLag {
  /** Between what is known to be stored and what is known to be relayed. */
  readonly revisions: number;
  /** Since the relay last had nothing to do. */
  readonly seconds: number;
  /** The sink takes nothing. */
  readonly isStalled: boolean;
}

/** Call once a registry. */
export function createEventRelayMetrics(registry: Registry): EventRelayMetrics {
  const observed = new Map<string, () => RelayLag>();
  const registers = [registry];
  const gauge = (name: string, help: string, value: (lag: RelayLag) => number) =>
    new Gauge({
      name: `holt_event_relay_${name}`,
      help,
      labelNames: ['line'],
      registers,
      collect() {
        this.reset();
        for (const [line, lag] of observed) this.set({ line }, value(lag()));
      },
    });
  gauge('lag_revisions', 'Revisions that are known to be stored and not yet relayed', (lag) => lag.revisions);
  gauge('lag_seconds', 'Time since the relay last had nothing to do', (lag) => lag.seconds);
  gauge('stalled', '1 while the sink takes nothing', (lag) => Number(lag.isStalled));
  return {
    relayed: new Counter({
      name: 'holt_event_relay_relayed_total',
      help: 'Records that the sink has taken',
      labelNames: ['line'],
      registers,
    }),
    retries: new Counter({
      name: 'holt_event_relay_retries_total',
      help: 'Failed attempts, by where: sink, or api (watch, list, cursor)',
      labelNames: ['line', 'at'],
      registers,
    }),
    gaps: new Counter({
      name: 'holt_event_relay_gaps_total',
      help: 'Gap records in the stream, by reason',
      labelNames: ['line', 'reason'],
      registers,
    }),
    observeLag: (line, lag) => {
      observed.set(line, lag);
      return () => observed.delete(line);
    },
  };
}
