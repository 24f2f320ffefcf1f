import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** First 12 hex digits of a UID: names the VM's run directory, tap and `vmId`. */
export type ShortId = string;

const HEX_UID = /^[0-9a-f]{32}$/;

/**
 * First 12 hex digits of an object's UID without its dashes.
 * @throws RangeError when `uid` is not a UUID
 */
export function shortIdOf(uid: string): ShortId {
  const hex = uid.replaceAll('-', '').toLowerCase();
  if (!HEX_UID.test(hex)) throw new RangeError(`not a UUID: ${JSON.stringify(uid)}`);
  return hex.slice(0, 12);
}

/** Stable id of the VM in logs, headers and traces. */
export function vmIdOf(uid: string): string {
  return `vm-${shortIdOf(uid)}`;
}

/** Interface names hold 15 characters at most (IFNAMSIZ, linux/if.h). */
export function tapNameOf(shortId: ShortId): string {
  return `ht-${shortId}`.slice(0, 15);
}

/** The VM whose tap has this name. */
export function shortIdOfTap(tap: string): ShortId {
  return tap.slice('ht-'.length);
}

/** A locally administered unicast MAC address made of the UID: `02:` and its first five bytes. */
export function macOf(uid: string): string {
  const bytes = shortIdOf(uid).slice(0, 10).match(/../g) ?? [];
  return ['02', ...bytes].join(':');
}

/** The network namespace that one VMM has for itself, beside the VMs' common one. */
export function vmmNetnsOf(netns: string, shortId: ShortId): string {
  return `${netns}-${shortId}`;
}

/**
 * Files of one VM. Unix socket paths stay below 108 bytes, so the names are short. What the VMM writes lies in
 * `runtime`, which is its own: whoever reads there must expect anything (see `lib/untrusted-file.ts`).
 */
export interface VmPaths {
  /** root's alone. */
  readonly directory: string;
  /** The VMM's. */
  readonly runtime: string;
  readonly apiSocket: string;
  readonly vsock: string;
  readonly events: string;
  readonly console: string;
  readonly vmmLog: string;
  readonly record: string;
  /** Folder of the VM's snapshot: its name is root's, what is in it the VMM's. */
  readonly snapshot: string;
  /** Says that there is a snapshot, and of what. */
  readonly standby: string;
}

/** Where the files of the VM `shortId` are, below the directory that holds all VMs. */
export function vmPathsOf(vmsDirectory: string, shortId: ShortId): VmPaths {
  const directory = join(vmsDirectory, shortId);
  const runtime = join(directory, 'run');
  return {
    directory,
    runtime,
    apiSocket: join(runtime, 'api.sock'),
    vsock: join(runtime, 'v.sock'),
    events: join(runtime, 'events'),
    console: join(runtime, 'console.log'),
    vmmLog: join(directory, 'vmm.log'),
    record: join(directory, 'vmm.json'),
    snapshot: join(directory, 'snapshot'),
    standby: join(directory, 'standby.json'),
  };
}

/** The value of `holt.recycle` for a recycle request: safe on a kernel command line; `0` without one. */
export function recycleIdOf(recycleRequest: string | undefined): string {
  if (recycleRequest === undefined) return '0';
  return createHash('sha256').update(recycleRequest).digest('base64url').slice(0, 22);
}
