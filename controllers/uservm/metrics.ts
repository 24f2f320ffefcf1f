import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { UserVm } from '../../crds/uservm/definition.ts';

export interface UserVmMetrics {
  readonly stepSeconds: Histogram<'step'>;
  /** Lifecycle events by reason: repairs, restarts, failures. */
  readonly events: Counter<'reason'>;
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30];

/** Registers the metrics of this node's VMs. Call once a registry. */
export function createUserVmMetrics(
  registry: Registry,
  vmsOfThisNode: () => readonly Pick<UserVm, 'status'>[],
): UserVmMetrics {
  const registers = [registry];
  new Gauge({
    name: 'holt_uservms',
    help: 'VMs bound to this node by phase',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset();
      for (const vm of vmsOfThisNode()) this.inc({ phase: vm.status?.phase ?? 'Pending' });
    },
  });
  return {
    stepSeconds: new Histogram({
      name: 'holt_uservm_step_seconds',
      help: 'Duration of a step of a UserVM reconcile',
      labelNames: ['step'],
      buckets: SECONDS,
      registers,
    }),
    events: new Counter({
      name: 'holt_uservm_events_total',
      help: 'Lifecycle events of VMs by reason, e.g. VmmExited, TapRepaired, FirewallRepaired',
      labelNames: ['reason'],
      registers,
    }),
  };
}
