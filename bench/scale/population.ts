import { Informer } from '../../api/client/index.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { type Fleet, lacksOf } from '../../e2e/guestless/converged.ts';
import { smallContainer, smallVm } from '../../e2e/guestless/declare.ts';
import type { GuestlessHost } from '../../e2e/guestless/guestless-host.ts';
import { systemClock } from '../../lib/clock.ts';
import { createLogger } from '../../lib/logger.ts';
import { operationsPerSecond } from '../throughput.ts';

/** Callers at once that declare users. */
const CALLERS = 16;
const ROLES = ['live', 'dev', 'sidecar'] as const;

/** The users of one host, as the API server tells of them. */
export class Population {
  readonly vms: Informer<UserVm>;
  readonly containers: Informer<SandboxContainer>;
  readonly #host: GuestlessHost;
  #size = 0;

  constructor(host: GuestlessHost) {
    this.#host = host;
    const shared = { client: host.client, clock: systemClock, logger: createLogger('bench-scale', 'error') };
    this.vms = new Informer<UserVm>({ ...shared, definition: userVmDefinition });
    this.containers = new Informer<SandboxContainer>({ ...shared, definition: sandboxContainerDefinition });
    this.vms.start();
    this.containers.start();
  }

  get size(): number {
    return this.#size;
  }

  fleet(): Fleet {
    return { vms: this.vms.lister.list(), containers: this.containers.lister.list() };
  }

  lacks(): string[] {
    const lacks = lacksOf(this.fleet());
    const missing = this.#size - this.vms.lister.list().length;
    return missing === 0 ? lacks : [`${missing} VMs are not in sight yet`, ...lacks];
  }

  /** Declares users until there are `size`, each a VM with three containers. */
  async growTo(size: number): Promise<void> {
    const first = this.#size;
    this.#size = size;
    await operationsPerSecond(size - first, CALLERS, (index) => this.#declare(`user-${first + index}`));
  }

  async #declare(user: string): Promise<void> {
    const { client, config } = this.#host;
    await client.create(userVmDefinition, smallVm(user, { dataVolume: { size: '16Mi', retention: '0s' } }));
    // Placement counts memory and cpus, of which VMs without guests take none: they are bound by hand.
    const status = { nodeName: config.nodeName, phase: 'Scheduled' };
    await client.patch(
      userVmDefinition,
      { namespace: 'default', name: user },
      { status },
      { subresource: 'status' },
    );
    for (const role of ROLES) await client.create(sandboxContainerDefinition, smallContainer(user, role));
  }

  async stop(): Promise<void> {
    await Promise.all([this.vms.stop(), this.containers.stop()]);
  }
}
