import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Metrics of all controllers of a process; each line has the label `controller`. */
export interface ControllerMetrics {
  readonly queueDepth: Gauge<'controller'>;
  readonly queueSeconds: Histogram<'controller'>;
  readonly reconcileSeconds: Histogram<'controller'>;
  readonly reconciles: Counter<'controller' | 'outcome'>;
  readonly activeWorkers: Gauge<'controller'>;
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 120];

/** Call once a registry. */
export function createControllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  return {
    queueDepth: new Gauge({
      name: 'holt_controller_queue_depth',
      help: 'Keys that wait for a worker',
      labelNames: ['controller'],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'holt_controller_queue_seconds',
      help: 'How long a key waited for a worker',
      labelNames: ['controller'],
      buckets: SECONDS,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'holt_controller_reconcile_seconds',
      help: 'Duration of a reconcile',
      labelNames: ['controller'],
      buckets: SECONDS,
      registers,
    }),
    reconciles: new Counter({
      name: 'holt_controller_reconciles_total',
      help: 'Reconciles by outcome: success, requeue, waiting, stalled, conflict, terminal, error',
      labelNames: ['controller', 'outcome'],
      registers,
    }),
    activeWorkers: new Gauge({
      name: 'holt_controller_active_workers',
      help: 'Workers that are at a key',
      labelNames: ['controller'],
      registers,
    }),
  };
}
