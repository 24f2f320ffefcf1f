import { type ApiClient, isNotFound, type Lister } from '../../api/client/index.ts';
import { parseDurationMs } from '../../crds/meta/duration.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { UserVm } from '../../crds/uservm/definition.ts';
import { DEFAULT_RETENTION } from '../../crds/uservm/definition.ts';
import {
  VOLUME_SNAPSHOT_FINALIZER as FINALIZER,
  VOLUME_SNAPSHOT_REASONS as REASONS,
} from '../../crds/volumesnapshot/conditions.ts';
import {
  volumeSnapshotDefinition as definition,
  type VolumeSnapshot,
} from '../../crds/volumesnapshot/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import {
  ensureFinalizer,
  hasFinalizer,
  type ReconcileRequest,
  type ReconcileResult,
  type Reconciler,
  removeFinalizer,
  type StatusCommitter,
} from '../runtime/index.ts';
import { retainVolume } from '../volumes/retention/retain-volume.ts';
import type { VolumeOwner } from '../volumes/retention/retained-record.ts';
import { DiskFullError } from '../volumes/volume-error.ts';
import type { VolumeFiles } from '../volumes/volume-files.ts';
import type { VolumePaths } from '../volumes/volume-paths.ts';
import type { Freeze } from './guest-freeze.ts';
import { SnapshotError } from './snapshot-error.ts';
import { parseSnapshotRecord, type SnapshotRecord } from './snapshot-record.ts';
import { type SnapshotOutcome, statusOfSnapshot } from './status.ts';
import { FREEZE_SECONDS, readSnapshot, takeSnapshot, temporaryOf } from './take-snapshot.ts';

export interface SnapshotReconcilerDeps {
  readonly snapshots: Lister<VolumeSnapshot>;
  readonly vms: Lister<UserVm>;
  readonly client: Pick<ApiClient, 'patch'>;
  readonly committer: Pick<StatusCommitter, 'commit'>;
  readonly files: VolumeFiles;
  readonly paths: VolumePaths;
  /** Asks the guest of the VM of this UID. */
  readonly freeze: (uid: string, seconds: number) => Promise<Freeze>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Between looks at whether a snapshot is still there. */
const RECHECK_MS = 300_000;
const RETRY_MS = 15_000;
const PROGRESS_MS = 5_000;

/** Takes and removes the snapshots that are bound to this node. `README.md` has the way of one call. */
export class SnapshotReconciler implements Reconciler {
  readonly #deps: SnapshotReconcilerDeps;
  /** UIDs of those whose volume is too large for a freeze: their guests are not frozen again. */
  readonly #tooLarge = new Set<string>();

  constructor(deps: SnapshotReconcilerDeps) {
    this.#deps = deps;
  }

  async reconcile(
    { namespace, name }: ReconcileRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<ReconcileResult> {
    const { snapshots, nodeName, client } = this.#deps;
    const found = snapshots.get(namespace, name);
    if (found?.status?.nodeName !== nodeName) return {};
    if (found.metadata.deletionTimestamp !== undefined) return this.#remove(found);
    const snapshot = await ensureFinalizer(client, definition, found, FINALIZER);
    return this.#ensure(snapshot, signal);
  }

  async #ensure(snapshot: Stored<VolumeSnapshot>, signal: AbortSignal): Promise<ReconcileResult> {
    const { files, paths } = this.#deps;
    if (snapshot.status?.readyToUse === true || wasLost(snapshot)) {
      const present = await readSnapshot(files, paths.snapshot(snapshot.metadata.uid));
      // Another copy would be of another moment.
      const outcome =
        present === undefined ? lost(paths.snapshot(snapshot.metadata.uid).raw) : taken(present);
      await this.#commit(snapshot, outcome, signal);
      return { requeueAfterMs: RECHECK_MS };
    }
    const { outcome, snapshot: latest } = await this.#take(snapshot, signal);
    await this.#commit(latest, outcome, signal);
    if (outcome.state !== 'taken') return { requeueAfterMs: RETRY_MS };
    this.#tooLarge.delete(snapshot.metadata.uid);
    return { requeueAfterMs: RECHECK_MS };
  }

  async #take(
    snapshot: Stored<VolumeSnapshot>,
    signal: AbortSignal,
  ): Promise<{ outcome: SnapshotOutcome; snapshot: Stored<VolumeSnapshot> }> {
    const { files, paths, clock, logger, freeze } = this.#deps;
    const { uid } = snapshot.metadata;
    const volumeUid = snapshot.status?.userVMUID ?? '';
    const ended = new AbortController();
    const work = AbortSignal.any([signal, ended.signal]);
    const progress = this.#tellProgress(snapshot, volumeUid, work, () => ended.abort(new Error('deleted')));
    let outcome: SnapshotOutcome;
    try {
      const record = await takeSnapshot(
        { files, clock },
        {
          source: paths.live(volumeUid).raw,
          target: paths.snapshot(uid),
          owner: this.#ownerOf(snapshot),
          sizeBytesMax: snapshot.spec.size === undefined ? 0 : parseQuantity(snapshot.spec.size),
          freeze: () => this.#freeze(snapshot, () => freeze(volumeUid, FREEZE_SECONDS)),
          signal: work,
        },
      );
      outcome = taken(record);
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error, snapshot: uid }, 'a snapshot could not be taken');
      if (error instanceof SnapshotError && error.reason === REASONS.FreezeTooShort) this.#tooLarge.add(uid);
      outcome = failed(error);
    } finally {
      ended.abort();
    }
    return { outcome, snapshot: await progress };
  }

  /** One whose copy took too long for a freeze waits until the VM is stopped. */
  async #freeze({ metadata, status }: Stored<VolumeSnapshot>, ask: () => Promise<Freeze>): Promise<Freeze> {
    if (!this.#tooLarge.has(metadata.uid)) return ask();
    if (this.#vmOf(status?.userVMUID)?.status?.vmmPid === undefined) return { state: 'no-vmm' };
    const message = 'the volume is too large to be copied under a freeze; stop the VM and it is taken then';
    throw new SnapshotError(REASONS.FreezeTooShort, message);
  }

  /** Writes how far a long copy is, until the signal. Resolves to the object as it was last written. */
  async #tellProgress(
    snapshot: Stored<VolumeSnapshot>,
    volumeUid: string,
    signal: AbortSignal,
    onDeleted: () => void,
  ): Promise<Stored<VolumeSnapshot>> {
    const { files, paths, clock, snapshots, logger } = this.#deps;
    let latest = snapshot;
    const isAwake = () =>
      clock.sleep(PROGRESS_MS, signal).then(
        () => true,
        () => false,
      );
    while (await isAwake()) {
      const { namespace = '', name, uid } = snapshot.metadata;
      const current = snapshots.get(namespace, name);
      if (current?.metadata.deletionTimestamp !== undefined) onDeleted();
      const copiedBytes = await files.allocatedBytesOf(temporaryOf(paths.snapshot(uid)));
      const totalBytes = await files.allocatedBytesOf(paths.live(volumeUid).raw);
      const next: SnapshotOutcome = { state: 'copying', copiedBytes, totalBytes };
      try {
        latest = await this.#commit(latest, next, signal);
      } catch (error) {
        if (!signal.aborted) logger.debug({ err: error }, 'the progress of a copy could not be told');
      }
    }
    return latest;
  }

  async #remove(snapshot: Stored<VolumeSnapshot>): Promise<ReconcileResult> {
    if (!hasFinalizer(snapshot, FINALIZER)) return {};
    const { files, paths, clock, client } = this.#deps;
    const { uid } = snapshot.metadata;
    const { raw, record } = paths.snapshot(uid);
    await files.remove(temporaryOf({ raw, record }));
    const owner = parseSnapshotRecord(await files.readText(record))?.owner;
    const retentionMs = parseDurationMs(snapshot.spec.retention ?? DEFAULT_RETENTION);
    if (owner === undefined) await files.remove(raw);
    else {
      const keeping = {
        id: uid,
        owner,
        cause: 'SnapshotDeleted',
        retentionMs,
        nowMs: clock.nowMs(),
      } as const;
      await retainVolume(this.#deps, raw, keeping);
    }
    await files.remove(record);
    this.#tooLarge.delete(uid);
    try {
      await removeFinalizer(client, definition, snapshot, FINALIZER);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return {};
  }

  /** @throws SnapshotError when the UserVM is not here any more */
  #ownerOf({ metadata, spec, status }: Stored<VolumeSnapshot>): VolumeOwner {
    const name = spec.source.userVMName;
    const vm = this.#vmOf(status?.userVMUID);
    if (vm !== undefined) return { namespace: metadata.namespace ?? '', name, user: vm.spec.user };
    throw new SnapshotError(REASONS.VolumeNotFound, `UserVM ${name} that it is of is gone from this node`);
  }

  #vmOf(uid: string | undefined): Stored<UserVm> | undefined {
    return this.#deps.vms.list().find(({ metadata }) => metadata.uid === uid);
  }

  #commit(
    snapshot: Stored<VolumeSnapshot>,
    outcome: SnapshotOutcome,
    signal: AbortSignal,
  ): Promise<Stored<VolumeSnapshot>> {
    const { status, events } = statusOfSnapshot(snapshot, outcome, this.#deps.clock);
    return this.#deps.committer.commit(definition, snapshot, status, events, signal);
  }
}

function taken(record: SnapshotRecord): SnapshotOutcome {
  return { state: 'taken', record };
}

function wasLost({ status }: VolumeSnapshot): boolean {
  return status?.conditions?.some(({ reason }) => reason === REASONS.SnapshotLost) === true;
}

function lost(path: string): SnapshotOutcome {
  const message = `${path} or its record is gone: put it back, or delete the snapshot`;
  return { state: 'failed', reason: REASONS.SnapshotLost, message };
}

function failed(error: unknown): SnapshotOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SnapshotError) return { state: 'failed', reason: error.reason, message };
  const isFull = error instanceof DiskFullError || /ENOSPC|No space left/.test(message);
  return { state: 'failed', reason: isFull ? REASONS.DiskFull : REASONS.SnapshotFailed, message };
}
