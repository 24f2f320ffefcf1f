import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ProcessIdentity, signalProcess } from '../../lib/process-identity.ts';
import { apiSocketOf, listProcesses } from '../host/process-table.ts';
import type { OrphanEffects } from './effects.ts';
import type { HostInventory } from './plan.ts';

/** The part of the network that the sweep needs. */
export interface SweptNetwork {
  observe(): Promise<
    | {
        readonly links: ReadonlyMap<string, unknown>;
        readonly guests: readonly { readonly tap: string }[];
      }
    | undefined
  >;
  listVmmNamespaces(): Promise<readonly string[]>;
  removeGuest(tap: string): Promise<void>;
}

export interface HostEffectsOptions {
  readonly vmsDirectory: string;
  readonly volumesDirectory: string;
  readonly network: SweptNetwork;
}

const TAP = /^ht-([0-9a-f]{12})$/;
const RUN_DIRECTORY = /^[0-9a-f]{12}$/;
const VOLUME = /^([0-9a-f-]{36})\.raw$/;

/** This Linux host. */
export function createOrphanEffects(options: HostEffectsOptions): OrphanEffects {
  const { network, vmsDirectory, volumesDirectory } = options;
  return {
    inventory: () => inventory(options),
    killVmm,
    removeTap: (tap) => network.removeGuest(tap),
    async removeRunDirectory(path) {
      await rm(path, { recursive: true, force: true });
    },
  };

  async function inventory({ network }: HostEffectsOptions): Promise<HostInventory> {
    const [processes, state, namespaces, runs, volumes] = await Promise.all([
      listProcesses(),
      network.observe(),
      network.listVmmNamespaces(),
      readdir(vmsDirectory).catch(() => []),
      readdir(volumesDirectory).catch(() => []),
    ]);
    const tapNames = (names: Iterable<string>) =>
      [...names].flatMap((tap) => {
        const shortId = TAP.exec(tap)?.[1];
        return shortId === undefined ? [] : [{ shortId, tap }];
      });
    return {
      vmms: processes.flatMap(({ pid, startTicks, argv }) => {
        const socket = apiSocketOf(argv);
        // <vms>/<short id>/run/api.sock
        const directory = socket === undefined ? '' : dirname(dirname(socket));
        if (dirname(directory) !== vmsDirectory) return [];
        return [{ shortId: basename(directory), process: { pid, startTicks } }];
      }),
      taps: tapNames([...(state?.links.keys() ?? []), ...namespaces]),
      firewallEntries: tapNames(state?.guests.map(({ tap }) => tap) ?? []),
      runDirectories: runs
        .filter((name) => RUN_DIRECTORY.test(name))
        .map((name) => ({ shortId: name, path: join(vmsDirectory, name) })),
      volumes: volumes.flatMap((name) => {
        const uid = VOLUME.exec(name)?.[1];
        return uid === undefined ? [] : [{ uid, path: join(volumesDirectory, name) }];
      }),
    };
  }
}

async function killVmm(process: ProcessIdentity): Promise<void> {
  const processes = await listProcesses();
  const leader = processes.find(
    ({ pid, startTicks }) => pid === process.pid && startTicks === process.startTicks,
  );
  if (leader === undefined) return;
  // Helpers first: once their leader is gone nothing would lead to them any more. Only a session that the VMM
  // itself leads is its own: an orphan started by hand may live in a shell's.
  const isLedByIt = leader.sessionId === leader.pid;
  const helpers = processes.filter(
    ({ pid, sessionId }) => isLedByIt && sessionId === leader.pid && pid !== leader.pid,
  );
  for (const each of [...helpers, leader]) signalProcess(each, 'SIGKILL');
}
