import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { UserVm } from '../../../crds/uservm/definition.ts';
import { shortIdOf, tapNameOf, vmIdOf } from '../../host/vm-identity.ts';
import { StatusCommitter } from '../../runtime/index.ts';
import { TestClock } from '../../runtime/testing/test-clock.ts';
import { CrashedError, FaultPlan } from '../../testing/fault-plan.ts';
import { AddressBook } from '../address-book.ts';
import type { UserVmDeps } from '../deps.ts';
import { FreshObjects } from '../fresh-objects.ts';
import { limitsOf } from '../limits.ts';
import { createUserVmMetrics } from '../metrics.ts';
import { UserVmReconciler } from '../reconcile.ts';
import { FakeApi } from './fake-api.ts';
import { FakeHost } from './fake-host.ts';

export const UID = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';
export const IMAGE = {
  name: 'default',
  digest: `sha256:${'0'.repeat(64)}`,
  kernel: '/images/0/vmlinuz',
  initramfs: '/images/0/initramfs',
  rootDisk: '/images/0/root.erofs',
  cmdline: 'console=ttyS0',
};

/** A UserVM that the manager has bound to node-1. */
export function boundVm(): UserVm & { metadata: { name: string; uid: string } } {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: 'alice', namespace: 'default', uid: UID, generation: 1 },
    spec: {
      user: 'alice',
      powerState: 'Running',
      cpus: 1,
      memory: '1Gi',
      guestImage: 'default',
      dataVolume: { size: '4Gi' },
    },
    status: { nodeName: 'node-1', phase: 'Scheduled' },
  };
}

/** A node with one UserVM, whose controller can be killed and started anew at any effect. */
export class Drive {
  readonly clock = new TestClock();
  readonly host = new FakeHost({ vmId: vmIdOf(UID), tap: tapNameOf(shortIdOf(UID)), clock: this.clock });
  readonly api = new FakeApi(boundVm());
  images: UserVmDeps['images'] = () => ({ state: 'verified', image: IMAGE });
  faults = new FaultPlan();
  crashCount = 0;
  #reconciler = this.#start();

  /** From now on the effects are numbered anew and the fault is put among them. */
  inject(faults: FaultPlan): void {
    this.faults = faults;
    this.restart();
  }

  /** A new process: everything in memory is lost. */
  restart(): void {
    this.faults.restart();
    this.#reconciler = this.#start();
  }

  /** Reconciles until nothing is asked for any more, or only the next health check. */
  async settle(): Promise<void> {
    for (let call = 0; call < 2_000; call += 1) {
      const requeueAfterMs = await this.once();
      if (requeueAfterMs === undefined || requeueAfterMs >= 10_000) return;
      await this.clock.advance(Math.max(1, requeueAfterMs));
    }
    throw new Error(`does not settle: ${JSON.stringify(this.api.object?.status)}`);
  }

  /** One reconcile; errors and crashes count as "again soon". */
  async once(): Promise<number | undefined> {
    const { signal } = new AbortController();
    const request = { namespace: 'default', name: 'alice' };
    try {
      const work = this.#reconciler.reconcile(request, { signal });
      return (await Promise.race([work, this.faults.crashed])).requeueAfterMs;
    } catch (error) {
      if (error instanceof CrashedError) {
        this.crashCount += 1;
        this.restart();
      }
      return 5;
    }
  }

  #start(): UserVmReconciler {
    const api = this.faults.wrap({ patch: this.api.patch, commitStatus: this.api.commitStatus });
    const client = {
      patch: (_definition: unknown, _name: unknown, patch: Readonly<Record<string, unknown>>) =>
        api.patch(patch),
      commitStatus: (_definition: unknown, _name: unknown, commit: Parameters<typeof api.commitStatus>[0]) =>
        api.commitStatus(commit),
    } as unknown as UserVmDeps['client'] & ConstructorParameters<typeof StatusCommitter>[0]['client'];
    return new UserVmReconciler({
      objects: new FreshObjects({ get: () => this.api.cached }),
      client,
      committer: new StatusCommitter({
        client,
        reportingComponent: 'holt-node',
        reportingInstance: 'node-1',
      }),
      effects: this.faults.wrap(this.host),
      images: (name, assigned) => this.images(name, assigned),
      addresses: new AddressBook({ subnet: '10.66.0.0/16', known: () => [] }),
      firewallNotices: new Set(),
      watchVmm: () => {},
      dataDiskOf: (uid) => `/volumes/${uid}.raw`,
      nodeName: 'node-1',
      vmsDirectory: '/vm',
      subnet: '10.66.0.0/16',
      limits: limitsOf('kvm'),
      metrics: createUserVmMetrics(new Registry(), () => []),
      clock: this.clock,
      logger: pino({ level: 'silent' }),
    });
  }
}

/** What must be equal whatever went wrong on the way: all but process numbers, boot ids, times and counts. */
export function finalStateOf({ api, host }: Drive) {
  const { object } = api;
  return {
    object: object === undefined ? 'gone' : statusDigest(object.status),
    processes: host.living().map(({ state, tapIfindex, cmdline }) => ({
      state,
      isOnItsTap: tapIfindex === host.taps.get(host.tap),
      cmdline,
    })),
    records: host.records.size,
    runDirectories: [...host.runDirectories],
    volumes: [...host.volumes],
    standbys: host.standbys.size,
    retained: [...host.retained],
    taps: [...host.taps.keys()],
    firewall: [...host.firewall],
    violations: host.violations,
  };
}

function statusDigest(status: UserVm['status']) {
  return {
    phase: status?.phase,
    vmId: status?.vmId,
    addresses: status?.addresses,
    hasPid: status?.vmmPid !== undefined,
    hasBootId: status?.bootId !== undefined,
    recycledFor: status?.recycledFor,
    guestImage: status?.guestImage,
    // A map by type: which one was there first says nothing.
    conditions: status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`).sort(),
  };
}
