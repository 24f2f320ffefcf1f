import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import { sandboxContainerSpecSchema } from '../../../crds/sandboxcontainer/definition.ts';
import { type UserVm, type UserVmStatus, userVmSpecSchema } from '../../../crds/uservm/definition.ts';
import type { RouteSource } from '../route-source.ts';
import type { RouteTarget } from '../route-table.ts';

const TIME = '2026-01-01T00:00:00Z';

/** Conditions with `Ready` as given. */
export function readyCondition(isReady: boolean) {
  const reason = isReady ? 'Ready' : 'NotReady';
  return [
    {
      type: 'Ready',
      status: isReady ? ('True' as const) : ('False' as const),
      lastTransitionTime: TIME,
      reason,
      message: '',
    },
  ];
}

export interface FakeVmOptions {
  readonly user: string;
  readonly ip?: string;
  readonly vmId?: string;
  readonly bootId?: string;
  readonly isReady?: boolean;
  readonly phase?: UserVmStatus['phase'];
}

/** A UserVM as the node controller would have it; running and ready by default. */
export function fakeUserVm(options: FakeVmOptions): UserVm {
  const {
    user,
    ip,
    vmId = `vm-${user}`,
    bootId = `boot-${user}`,
    isReady = true,
    phase = 'Running',
  } = options;
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: user, namespace: 'default', uid: `uid-${user}`, creationTimestamp: TIME },
    spec: userVmSpecSchema.parse({ user }),
    status: {
      phase,
      vmId,
      bootId,
      ...(ip === undefined ? {} : { addresses: { ip, mac: '02:00:00:00:00:01' } }),
      conditions: readyCondition(isReady),
    },
  };
}

/** A SandboxContainer of the user's VM; ready by default. */
export function fakeContainer(user: string, role: RouteTarget, isReady = true): SandboxContainer {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: {
      name: `${user}-${role}`,
      namespace: 'default',
      uid: `uid-${user}-${role}`,
      creationTimestamp: TIME,
    },
    spec: sandboxContainerSpecSchema.parse({
      vmRef: { name: user },
      role,
      source: { closure: '/opt/x' },
      command: ['x'],
    }),
    status: { conditions: readyCondition(isReady) },
  };
}

/** Stands for the API: what tests put into it is what the router sees. */
export class FakeRouteSource implements RouteSource {
  readonly #userVms = new Map<string, UserVm>();
  readonly #containers = new Map<string, SandboxContainer>();
  readonly #listeners = new Set<() => void>();
  #synced = true;

  /** A source that has listed nothing: the API is down. */
  static unreachable(): FakeRouteSource {
    const source = new FakeRouteSource();
    source.#synced = false;
    return source;
  }

  /** Puts a user's VM there with ready live and dev containers. */
  serve(options: FakeVmOptions): void {
    this.#userVms.set(options.user, fakeUserVm(options));
    for (const role of ['live', 'dev'] as const) {
      this.#containers.set(`${options.user}-${role}`, fakeContainer(options.user, role));
    }
    this.#notify();
  }

  /** The UserVM is gone; its containers stay, as they would for a while. */
  remove(user: string): void {
    this.#userVms.delete(user);
    this.#notify();
  }

  setSynced(): void {
    this.#synced = true;
    this.#notify();
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  userVms(): readonly UserVm[] {
    return [...this.#userVms.values()];
  }

  containers(): readonly SandboxContainer[] {
    return [...this.#containers.values()];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    listener();
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
