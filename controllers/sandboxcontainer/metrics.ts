import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';

export interface ContainerMetrics {
  onProbed(passed: boolean, durationMs: number): void;
  onRestarts(count: number): void;
}

/** Metrics of the containers on this node. Call once a registry. */
export function createContainerMetrics(
  registry: Registry,
  containers: () => readonly SandboxContainer[],
): ContainerMetrics {
  const registers = [registry];
  new Gauge({
    name: 'holt_sandbox_containers',
    help: 'SandboxContainers by phase',
    labelNames: ['phase'],
    registers,
    collect() {
      this.reset();
      for (const { status } of containers()) this.inc({ phase: status?.phase ?? 'Pending' });
    },
  });
  const restarts = new Counter({
    name: 'holt_sandbox_container_restarts_total',
    help: 'Restarts of containers that ended or disappeared',
    registers,
  });
  const probeSeconds = new Histogram({
    name: 'holt_sandbox_container_probe_seconds',
    help: 'Duration of readiness probes',
    labelNames: ['result'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    onProbed: (passed, durationMs) =>
      probeSeconds.observe({ result: passed ? 'success' : 'failure' }, durationMs / 1000),
    onRestarts: (count) => restarts.inc(count),
  };
}
