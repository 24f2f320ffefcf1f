import { USER_VM_CONDITIONS } from '../../crds/uservm/conditions.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import type { ProcessIdentity } from '../../lib/process-identity.ts';
import { apiSocketOf, type ProcessEntry } from '../host/process-table.ts';
import { type VmPaths, vmIdOf } from '../host/vm-identity.ts';
import type { GuestPort, NodeEffects } from './node-effects.ts';
import type { DesiredVm, ImageSight, LiveVmm, Observation, VmMemorySight } from './observation.ts';
import { parseStandbyRecord } from './standby-record.ts';
import { parseVmmRecord, type VmmRecord } from './vmm-record.ts';

export interface ObserveOptions {
  readonly uid: string;
  readonly paths: VmPaths;
  readonly port: GuestPort;
  readonly desired: DesiredVm;
  readonly status: UserVm['status'];
  readonly generation: number | undefined;
  readonly image: ImageSight;
  readonly memory: VmMemorySight;
  readonly nowMs: number;
}

const ENDING_PHASES: ReadonlySet<string | undefined> = new Set(['Suspending', 'Stopping', 'Deleting']);

/** Looks at everything that one VM has on this host. Changes nothing. */
export async function observeUserVm(effects: NodeEffects, options: ObserveOptions): Promise<Observation> {
  const { uid, paths, port, desired, status } = options;
  const written = parseVmmRecord(await effects.readRecord(paths));
  // A record of another UID is of a deleted object whose first 12 digits were the same: never ours.
  const record = written?.uid === uid ? written : undefined;
  const standby = parseStandbyRecord(await effects.readStandby(paths), uid);
  const process = record === undefined ? undefined : await recordedProcess(effects, paths, record);
  const portSight = await effects.observeGuestPort(port, process?.pid);
  // Whoever is to end is not asked how it is: an answer would change nothing, and its absence would cost time.
  const isEnding =
    desired.goal === 'stop' ||
    desired.goal === 'delete' ||
    record?.stop !== undefined ||
    (desired.goal === 'run' && portSight.ifindex !== record?.tapIfindex);
  const vmm =
    process === undefined ? undefined : await observeVmm(effects, { ...options, process, isEnding });
  const leftovers = process === undefined ? await observeLeftovers(effects, paths, record) : [];
  const isSameVmm = record !== undefined && status?.vmmPid === record.pid;
  const isTrue = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  return {
    nowMs: options.nowMs,
    record,
    vmm,
    standby,
    volumeMark: standby === undefined ? undefined : await effects.volumeMark(uid),
    leftovers,
    port,
    portSight,
    image: options.image,
    bootId: isSameVmm ? status.bootId : undefined,
    wasBooted: isSameVmm && isTrue('Booted'),
    wasReady: isSameVmm && isTrue('Ready'),
    wasStalled: isStalledFor(options),
    wasPaused: isSameVmm && status.phase === 'Paused',
    wasRunning: status?.vmmPid !== undefined && !ENDING_PHASES.has(status.phase),
    memory: options.memory,
  };
}

/** For this generation, and for the artifact that it would boot, which the condition names. */
function isStalledFor({ status, generation, image }: ObserveOptions): boolean {
  const stalled = status?.conditions?.find(({ type }) => type === USER_VM_CONDITIONS.Stalled);
  if (stalled?.status !== 'True' || status?.observedGeneration !== generation) return false;
  return image.state !== 'verified' || stalled.message.includes(image.image.digest);
}

/** The process of the record, if it still is that process and still this VM's VMM. */
async function recordedProcess(
  effects: NodeEffects,
  paths: VmPaths,
  record: VmmRecord,
): Promise<ProcessIdentity | undefined> {
  const entry = await effects.readProcess(record.pid);
  if (entry?.startTicks !== record.startTimeTicks || apiSocketOf(entry.argv) !== paths.apiSocket)
    return undefined;
  return { pid: entry.pid, startTicks: entry.startTicks };
}

async function observeVmm(
  effects: NodeEffects,
  options: ObserveOptions & { process: ProcessIdentity; isEnding: boolean },
): Promise<LiveVmm> {
  const { process, paths, port } = options;
  if (options.isEnding) return { process, api: 'running', guest: undefined, ingress: false };
  const api = await effects.vmmState(paths);
  if (api !== 'running') return { process, api, guest: undefined, ingress: false };
  const answer = await effects.guestInfo(paths);
  const guest = answer?.vmId === vmIdOf(options.uid) ? answer : undefined;
  const ingress = guest === undefined ? false : await effects.ingressAnswers(port.ip);
  return { process, api, guest, ingress };
}

/**
 * Processes of this VM that no record names: a VMM on its API socket (started just before a crash), and what a
 * dead VMM left in its session, such as a helper that still has the volume open.
 */
async function observeLeftovers(
  effects: NodeEffects,
  paths: VmPaths,
  record: VmmRecord | undefined,
): Promise<ProcessIdentity[]> {
  const processes = await effects.listProcesses();
  const isOurs = (entry: ProcessEntry) =>
    apiSocketOf(entry.argv) === paths.apiSocket ||
    (record !== undefined && isOfSession(entry, record, processes));
  return processes.filter(isOurs).map(({ pid, startTicks }) => ({ pid, startTicks }));
}

function isOfSession(entry: ProcessEntry, record: VmmRecord, processes: readonly ProcessEntry[]): boolean {
  if (entry.sessionId !== record.pid) return false;
  // The pid in use again by a later process means that the session of that number is that process's.
  const leader = processes.find((other) => other.pid === record.pid);
  return leader === undefined || leader.startTicks === record.startTimeTicks;
}
