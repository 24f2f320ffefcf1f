import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../api/testing/linearizability/random.ts';
import { BASE_CHAINS } from '../../controllers/network/firewall.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../crds/uservm/definition.ts';
import { takeCensus } from '../guestless/census.ts';
import { type Fleet, lacksOf, readFleet } from '../guestless/converged.ts';
import { smallContainer, smallVm } from '../guestless/declare.ts';
import { GuestlessHost } from '../guestless/guestless-host.ts';
import { pickOne } from '../guestless/pick-one.ts';
import { eventually } from '../harness/eventually.ts';
import { FAULTS } from './faults.ts';

export interface DrillOptions {
  readonly seed: number;
  readonly vms: number;
  /** No further round begins after it. */
  readonly durationMs: number;
  /** Nor after so many faults. */
  readonly faultsMax: number;
  /** How long nothing may be written once all is at rest. */
  readonly quietMs: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface DrillResult {
  /** Faults done, by kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** From the last fault of a round until all was as declared. */
  readonly healMs: readonly number[];
  readonly twiceRunning: number;
  readonly orphans: number;
  readonly quietWrites: number;
  /** What did not hold, a line each. */
  readonly violations: readonly string[];
}

const HEAL_TIMEOUT_MS = 120_000;
const ORPHAN_TIMEOUT_MS = 60_000;
const FAULTS_A_ROUND_MAX = 3;
const ROLES = ['live', 'sidecar'] as const;
/** Counts of the census of which each VM has one. */
const ONE_A_VM = [
  'VMM processes',
  'answering VMMs',
  'network namespaces',
  'bridge ports',
  'ports on the bridge',
  'firewall entries',
  'volume files',
];

/** Does faults at random, up to three at once, and checks after each round that all comes to rest as declared. */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const host = await GuestlessHost.start('drill', options.signal, { smallDisksMiB: 128 });
  try {
    return await new Drill(host, options).run();
  } finally {
    await host.stop();
  }
}

class Drill {
  readonly #host: GuestlessHost;
  readonly #options: DrillOptions;
  readonly #random: () => number;
  readonly #counts = new Map<string, number>(Object.keys(FAULTS).map((kind) => [kind, 0]));
  readonly #healMs: number[] = [];
  readonly #violations: string[] = [];
  #orphans = 0;
  #quietWrites = 0;

  constructor(host: GuestlessHost, options: DrillOptions) {
    this.#host = host;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async run(): Promise<DrillResult> {
    const { durationMs, faultsMax, vms, signal } = this.#options;
    await this.#declare(vms);
    await this.#settle();
    const endMs = performance.now() + durationMs;
    const done = () => [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    while (performance.now() < endMs && done() < faultsMax && this.#violations.length === 0) {
      signal.throwIfAborted();
      await this.#round(faultsMax - done());
    }
    await this.#expectNoOrphans();
    await this.#expectNoWrites();
    const { twice } = await this.#host.vmms.counts();
    if (twice > 0)
      this.#violations.push(`${twice} times a VMM was started beside a living one of the same VM`);
    return {
      counts: this.#counts,
      healMs: this.#healMs,
      twiceRunning: twice,
      orphans: this.#orphans,
      quietWrites: this.#quietWrites,
      violations: this.#violations,
    };
  }

  async #declare(count: number): Promise<void> {
    const { client } = this.#host;
    for (let index = 0; index < count; index += 1) {
      await client.create(userVmDefinition, smallVm(`user-${index}`));
      for (const role of ROLES)
        await client.create(sandboxContainerDefinition, smallContainer(`user-${index}`, role));
    }
  }

  async #round(countMax: number): Promise<void> {
    const random = this.#random;
    const { vms } = await readFleet(this.#host.client);
    const sorted = [...vms].sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
    const count = Math.min(countMax, 1 + Math.floor(random() * FAULTS_A_ROUND_MAX));
    const chosen = Array.from({ length: count }, () => ({
      kind: this.#pickKind(),
      vm: pickOne(sorted, random),
      afterMs: random() * 500,
    }));
    const told = chosen.map(({ kind, vm }) => `${kind} (${vm.metadata.name})`).join(' + ');
    await Promise.all(
      chosen.map(async ({ kind, vm, afterMs }) => {
        await sleep(afterMs);
        await FAULTS[kind]?.strike({ host: this.#host, vm, random });
        this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
      }),
    );
    const beginMs = performance.now();
    await this.#settle().catch((error) => this.#violations.push(`after ${told}: ${String(error)}`));
    this.#healMs.push(performance.now() - beginMs);
    this.#options.say(`${told}: healed in ${((performance.now() - beginMs) / 1000).toFixed(1)} s`);
  }

  /** Of the kinds that were done least, one: so that a short drill has them all. */
  #pickKind(): string {
    const least = Math.min(...this.#counts.values());
    const kind = pickOne(
      [...this.#counts].filter(([, count]) => count === least).map(([name]) => name),
      this.#random,
    );
    return kind;
  }

  async #settle(): Promise<void> {
    await eventually('everything as it is declared', HEAL_TIMEOUT_MS, async () => {
      const { vms } = this.#options;
      const fleet = await readFleet(this.#host.client);
      const lacks = lacksOf(fleet);
      if (fleet.vms.length !== vms || fleet.containers.length !== ROLES.length * vms)
        lacks.push('an object is missing');
      // A status may be of before the fault: the host itself is looked at too.
      if (lacks.length === 0) lacks.push(...(await this.#differences()));
      if (lacks.length > 0) throw new Error(lacks.join('; '));
    });
  }

  /** Of everything that a VM has on its host there is exactly one a VM, whatever any status says. */
  async #expectNoOrphans(): Promise<void> {
    const deadlineMs = performance.now() + ORPHAN_TIMEOUT_MS;
    let wrong = await this.#differences();
    while (wrong.length > 0 && performance.now() < deadlineMs) {
      await sleep(500);
      wrong = await this.#differences();
    }
    this.#orphans = wrong.length;
    for (const what of wrong) this.#violations.push(`${what}, a minute after quiet`);
  }

  /** How the host differs from what there must be for so many VMs, a line each. */
  async #differences(): Promise<string[]> {
    const { vms } = this.#options;
    const census = await takeCensus(this.#host);
    const expected: Readonly<Record<string, number>> = {
      ...Object.fromEntries(ONE_A_VM.map((what) => [what, vms])),
      'running containers': vms * ROLES.length,
      'zombies of holt-node': 0,
      'firewall chains': BASE_CHAINS.length,
    };
    return Object.entries(expected)
      .filter(([what, count]) => census[what] !== count)
      .map(([what, count]) => `${what}: ${census[what]}, expected ${count}`);
  }

  /** What has converged is looked at again and again, and never written. */
  async #expectNoWrites(): Promise<void> {
    const versions = ({ vms, containers }: Fleet) =>
      new Map([...vms, ...containers].map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
    // The last events and times of the healing.
    await sleep(this.#options.quietMs / 5);
    const before = versions(await readFleet(this.#host.client));
    await sleep(this.#options.quietMs);
    const after = versions(await readFleet(this.#host.client));
    this.#quietWrites = [...after].filter(([uid, version]) => before.get(uid) !== version).length;
    if (this.#quietWrites > 0)
      this.#violations.push(`${this.#quietWrites} objects were written though nothing happened`);
  }
}
