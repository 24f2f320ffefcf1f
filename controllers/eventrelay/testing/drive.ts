import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { ApiClient, WatchOptions } from '../../../api/client/index.ts';
import { configMapDefinition } from '../../../crds/configmap/definition.ts';
import type { ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { DurableLog } from '../../../lib/durable-log.ts';
import { settle, TestClock } from '../../runtime/testing/test-clock.ts';
import { CrashedError, FaultPlan } from '../../testing/fault-plan.ts';
import { createFileSink } from '../file-sink.ts';
import { createEventRelayMetrics } from '../metrics.ts';
import type { StreamRecord } from '../records.ts';
import { EventRelay } from '../relay.ts';
import { FakeDisk } from './fake-disk.ts';
import { FakeEventApi } from './fake-event-api.ts';

const PATH = '/logs/stream.jsonl';
const STEP_MS = 100;

/** A relay over a store and a disk in memory, that can be killed and started anew at any effect. */
export class Drive {
  readonly clock = new TestClock();
  readonly api = new FakeEventApi();
  readonly disk = new FakeDisk();
  readonly violations: string[] = [];
  crashCount = 0;
  /** Of the process that runs now. */
  registry = new Registry();
  /** With a crash the machine's power goes too. */
  losesPower = false;
  /** The file is set aside beyond it. */
  fileBytes = 2 ** 20;
  #faults = new FaultPlan();
  #generation = 0;

  constructor() {
    this.api.onSaved = (revision) => this.#checkSaved(revision);
  }

  /** From now on the effects are numbered anew and the fault is put among them. */
  inject(faults: FaultPlan): void {
    this.#faults = faults;
    this.start();
  }

  /** The process ends; nothing is at work until `inject` or `start`. */
  kill(): void {
    this.#generation += 1;
    this.disk.kill();
  }

  /** A new process: everything in memory is lost. */
  start(): void {
    this.#generation += 1;
    this.#faults.restart();
    this.registry = new Registry();
    const relay = new EventRelay({
      line: 'file',
      cursorName: 'holt-event-relay',
      holder: `process-${this.#generation}`,
      client: this.#client(),
      sink: createFileSink(
        new DurableLog({
          path: PATH,
          fileBytes: this.fileBytes,
          filesMax: 50,
          files: this.#alive(this.disk),
        }),
      ),
      clock: this.clock,
      logger: pino({ level: 'silent' }),
      metrics: createEventRelayMetrics(this.registry),
      random: () => 0.5,
    });
    void relay.run(new AbortController().signal);
    this.#faults.crashed.catch((error: unknown) => {
      if (!(error instanceof CrashedError)) throw error;
      this.crashCount += 1;
      if (this.losesPower) this.disk.losePower();
      else this.disk.kill();
      this.start();
    });
  }

  /** Lets time pass until all that is stored is relayed and saved as such. */
  async settle(): Promise<void> {
    for (let step = 0; step < 2_000; step += 1) {
      await this.clock.advance(STEP_MS);
      if (this.isDone()) return settle();
    }
    throw new Error(
      `does not settle: cursor ${JSON.stringify(this.api.cursor?.data)} of ${this.api.revision}`,
    );
  }

  isDone(): boolean {
    const last = this.api.history.at(-1)?.revision ?? 0;
    return Number(this.api.cursor?.data?.revision ?? -1) >= last;
  }

  records(onlySynced = false): StreamRecord[] {
    return this.disk.lines(PATH, onlySynced).map((line) => JSON.parse(line));
  }

  /** Changes up to a revision that are not in these records, though no gap record owns up to it. */
  missing(records: readonly StreamRecord[], through = Number.POSITIVE_INFINITY): string[] {
    const told = new Set(records.map(({ id }) => id));
    const gaps = records.filter(({ type }) => type === 'dev.holt.stream.gap').map(({ data }) => data);
    return this.api.history
      .filter(({ type, revision }) => type !== 'DELETED' && revision <= through)
      .filter(({ object, revision }) => {
        if (told.has(`${object.metadata.uid}.${revision}`)) return false;
        const isStored =
          this.api.events.get(object.metadata.name)?.metadata.resourceVersion === String(revision);
        return isStored || !gaps.some(({ from, to }) => Number(from) < revision && revision <= Number(to));
      })
      .map(({ object, revision }) => `${object.metadata.uid}.${revision}`);
  }

  /** Nothing may be saved as relayed that the disk could lose, or that is not committed. */
  #checkSaved(revision: number): void {
    for (const id of this.missing(this.records(true), revision))
      this.violations.push(`${id} was saved as relayed and may be lost`);
    if (revision > this.api.revision) this.violations.push(`saved ${revision} before it was committed`);
  }

  /** Effects of this process; none once it is dead. */
  #alive<T extends object>(target: T): T {
    const generation = this.#generation;
    const faults = this.#faults;
    const numbered = faults.wrap(target);
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(numbered, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          generation === this.#generation ? value(...args) : new Promise(() => {});
      },
    });
  }

  #client(): ApiClient {
    const api = this.#alive(this.api);
    async function* watch(_definition: ResourceDefinition, options: WatchOptions = {}) {
      const opened = await api.openWatch(options);
      for (let event = await api.readWatch(opened); event !== undefined; event = await api.readWatch(opened))
        yield event;
    }
    return {
      get: async (definition: ResourceDefinition) =>
        definition === configMapDefinition ? api.getCursor() : api.getNamespace(),
      create: async (_: unknown, object: Parameters<FakeEventApi['createCursor']>[0]) =>
        api.createCursor(object),
      update: async (_: unknown, object: Parameters<FakeEventApi['updateCursor']>[0]) =>
        api.updateCursor(object),
      listAll: api.listAll,
      watch,
    } as unknown as ApiClient;
  }
}
