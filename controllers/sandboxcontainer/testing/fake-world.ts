import { pino } from 'pino';
import { ApiError } from '../../../api/client/index.ts';
import type { Stored } from '../../../crds/meta/meta.ts';
import type { LifecycleEvent } from '../../../crds/meta/status-commit.ts';
import {
  type SandboxContainer,
  type SandboxContainerSpec,
  sandboxContainerSpecSchema,
} from '../../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmSpecSchema } from '../../../crds/uservm/definition.ts';
import { StatusCommitter } from '../../runtime/index.ts';
import { TestClock } from '../../runtime/testing/test-clock.ts';
import { AddressBook } from '../address-book.ts';
import { apiEffects } from '../effects.ts';
import { GUEST_EFFECTS, type Guest } from '../guest.ts';
import { GuestObserver } from '../guest-observer.ts';
import { SANDBOX_CONTAINER_INDEXERS } from '../of-vm.ts';
import { PidsWatch } from '../pids-watch.ts';
import type { ProbeSubject } from '../prober.ts';
import { NOT_PROBED } from '../readiness.ts';
import { ContainerReconciler } from '../reconciler.ts';
import { RestartBackoff } from '../restart-backoff.ts';
import { FakeGuest } from './fake-guest.ts';
import { FakeStore } from './fake-store.ts';

/** What befalls an effect: nothing; it is not done; it is done and its answer is lost. */
export type Fate = 'ok' | 'before' | 'after';

const namespace = 'default';

/** One VM, its guest, the API's objects and the controller over them. */
export class FakeWorld {
  readonly clock = new TestClock();
  readonly guest = new FakeGuest(() => this.clock.nowMs());
  readonly containers = new FakeStore<SandboxContainer>(SANDBOX_CONTAINER_INDEXERS);
  readonly userVms = new FakeStore<UserVm>();
  readonly events: LifecycleEvent[] = [];
  /** Containers whose probe passes, by name. */
  readonly answering = new Set<string>();
  /** Asked before each effect. */
  decide: (effect: string) => Fate = () => 'ok';
  effectCount = 0;
  reconciler: ContainerReconciler;
  /** UIDs that are not probed any more. */
  readonly forgotten: string[] = [];
  readonly #answered = new Set<string>();

  constructor() {
    this.reconciler = this.#newReconciler();
  }

  /** The controller's process ends, and another one starts with empty memory. */
  restart(): void {
    this.reconciler = this.#newReconciler();
  }

  addVm(isReady = true): Stored<UserVm> {
    return this.userVms.put({
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'UserVM',
      metadata: { name: 'alice', namespace, uid: 'vm-uid', resourceVersion: '', generation: 1 },
      spec: userVmSpecSchema.parse({ user: 'alice' }),
      status: {
        nodeName: 'node-1',
        vmId: 'vm-1',
        phase: isReady ? 'Running' : 'Booting',
        conditions: [ready(isReady)],
      },
    });
  }

  setVmReady(isReady: boolean): void {
    const vm = this.userVms.get(namespace, 'alice');
    if (vm === undefined) throw new Error('no VM');
    const phase = isReady ? 'Running' : 'Booting';
    this.userVms.put({ ...vm, status: { ...vm.status, phase, conditions: [ready(isReady)] } });
  }

  addContainer(name: string, spec: Record<string, unknown> = {}, uid = `uid-${name}`): void {
    this.containers.put({
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'SandboxContainer',
      metadata: { name, namespace, uid, resourceVersion: '', generation: 1 },
      spec: sandboxContainerSpecSchema.parse({
        vmRef: { name: 'alice' },
        role: name,
        source: { closure: '/opt/holt/closures/node' },
        command: ['/usr/bin/node', 'server.js'],
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { port: 8080 } },
        ...spec,
      }),
    });
  }

  changeSpec(name: string, change: Partial<SandboxContainerSpec>): void {
    const { metadata, spec, ...rest } = this.object(name);
    const generation = (metadata.generation ?? 1) + 1;
    this.containers.put({ ...rest, metadata: { ...metadata, generation }, spec: { ...spec, ...change } });
  }

  /** Bound to another node, or not bound yet: a watch by node says no more of it than that it is gone. */
  hideContainer(name: string): void {
    this.containers.drop(namespace, name);
  }

  hideVm(): void {
    this.userVms.drop(namespace, 'alice');
  }

  delete(name: string): void {
    const { metadata, ...rest } = this.object(name);
    const deletionTimestamp = new Date(this.clock.nowMs()).toISOString();
    this.containers.put({ ...rest, metadata: { ...metadata, deletionTimestamp } });
  }

  object(name: string): Stored<SandboxContainer> {
    const object = this.containers.get(namespace, name);
    if (object === undefined) throw new Error(`no SandboxContainer ${name}`);
    return object;
  }

  status(name: string) {
    return this.object(name).status ?? {};
  }

  readyReason(name: string): string | undefined {
    return this.status(name).conditions?.find(({ type }) => type === 'Ready')?.reason;
  }

  /** One pass over a container; rejects as the reconciler does. */
  pass(name: string) {
    return this.reconciler.reconcile({ namespace, name }, { signal: new AbortController().signal });
  }

  /** Passes over all containers as the controller would do them, for a while; errors are tried again. */
  async run(durationMs: number, stepMs = 500): Promise<void> {
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs += stepMs) {
      for (const { metadata } of this.containers.list()) await this.pass(metadata.name).catch(() => {});
      await this.clock.advance(stepMs);
    }
  }

  #newReconciler(): ContainerReconciler {
    const { clock } = this;
    const guest: Guest = wrap(this.guest, GUEST_EFFECTS, (effect) => this.#fate(effect));
    const guestOf = () => guest;
    const client = wrap(this.#client(), ['patch', 'commitStatus'], (effect) => this.#fate(effect)) as never;
    const committer = new StatusCommitter({
      client,
      reportingComponent: 'holt-node',
      reportingInstance: 'node-1',
    });
    return new ContainerReconciler({
      nodeName: 'node-1',
      clock,
      logger: pino({ level: 'silent' }),
      containers: this.containers,
      userVms: this.userVms,
      api: apiEffects(client, committer),
      guestOf,
      observer: new GuestObserver({ guestOf, clock, maxAgeMs: 100 }),
      vmSocketPath: () => '/nonexistent',
      prober: {
        watch: (_uid, subject: ProbeSubject) => {
          const isReady = this.answering.has(subject.key.split('/')[1] ?? '');
          if (isReady) this.#answered.add(subject.instance);
          return { ...NOT_PROBED, isReady, isFailing: !isReady && this.#answered.has(subject.instance) };
        },
        forget: (uid) => this.forgotten.push(uid),
      },
      backoff: new RestartBackoff({ clock }),
      pidsWatch: new PidsWatch(),
      addresses: new AddressBook(),
      killedFor: new Map(),
      onRestarts: () => {},
      tickMs: 2_500,
    });
  }

  #fate(effect: string): Fate {
    this.effectCount += 1;
    return this.decide(effect);
  }

  /** The two calls of the API client that the controller makes, with their preconditions. */
  #client(): FakeClient {
    const put = (key: { namespace?: string; name: string }, revision: unknown, change: object) => {
      const object = this.containers.get(key.namespace ?? '', key.name);
      if (object === undefined) throw new ApiError('write', { code: 404, reason: 'NotFound' });
      if (object.metadata.resourceVersion !== revision)
        throw new ApiError('write', { code: 409, reason: 'Conflict' });
      return this.containers.put({ ...object, ...change });
    };
    return {
      patch: async (_definition: unknown, key, { metadata }) => {
        const { finalizers, resourceVersion } = metadata;
        const current = this.containers.get(key.namespace ?? '', key.name)?.metadata;
        return put(key, resourceVersion, { metadata: { ...current, finalizers } });
      },
      commitStatus: async (_definition: unknown, key, { metadata, status, events }) => {
        const written = put(key, metadata.resourceVersion, { status: structuredClone(status) });
        this.events.push(...events);
        return written;
      },
    };
  }
}

type Key = { namespace?: string; name: string };

interface FakeClient {
  patch(
    definition: unknown,
    key: Key,
    patch: { metadata: { finalizers: string[]; resourceVersion: string } },
  ): Promise<Stored<SandboxContainer>>;
  commitStatus(
    definition: unknown,
    key: Key,
    commit: {
      metadata: { resourceVersion?: string };
      status: Record<string, unknown>;
      events: LifecycleEvent[];
    },
  ): Promise<Stored<SandboxContainer>>;
}

function ready(isReady: boolean) {
  const status = isReady ? ('True' as const) : ('False' as const);
  return {
    type: 'Ready',
    status,
    reason: isReady ? 'Ready' : 'Booting',
    message: '',
    lastTransitionTime: '',
  };
}

/** The same object, with the named methods under the hand of fate. */
function wrap<T extends object>(target: T, names: readonly (keyof T)[], fate: (effect: string) => Fate): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      if (typeof value !== 'function') return value;
      const method = value.bind(object);
      if (!names.includes(name as keyof T)) return method;
      return async (...args: unknown[]) => {
        const what = fate(String(name));
        if (what === 'before') throw new Error(`${String(name)}: cut before it`);
        const result: unknown = await method(...args);
        if (what === 'after') throw new Error(`${String(name)}: its answer was lost`);
        return result;
      };
    },
  });
}
