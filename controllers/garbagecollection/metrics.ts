import { Gauge, type Registry } from 'prom-client';

/** What the collector tells of itself; both are asked for at each scrape. */
export interface GarbageCollectionFacts {
  /** Objects in the graph, and owners in it that no watch has shown. */
  readonly observed: number;
  readonly virtual: number;
  /** Resources whose objects are not known. */
  readonly unreadable: Iterable<string>;
}

/** Metrics of the garbage collector; nothing is reported while `facts` is undefined, as in a standby. */
export class GarbageCollectionMetrics {
  facts: (() => GarbageCollectionFacts) | undefined;

  /** Call once a registry. */
  constructor(registry: Registry) {
    const readFacts = () => this.facts?.();
    const registers = [registry];
    new Gauge({
      name: 'holt_garbage_collection_objects',
      help: 'Objects in the ownership graph: observed by a watch, or virtual (named as an owner only)',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        const facts = readFacts();
        if (facts === undefined) return;
        this.set({ state: 'observed' }, facts.observed);
        this.set({ state: 'virtual' }, facts.virtual);
      },
    });
    new Gauge({
      name: 'holt_garbage_collection_unreadable',
      help: 'Resources whose objects cannot be listed and are left alone',
      labelNames: ['resource'],
      registers,
      collect() {
        this.reset();
        for (const resource of readFacts()?.unreadable ?? []) this.set({ resource }, 1);
      },
    });
  }
}
