import { existsSync } from 'node:fs';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import { VmmCgroups } from './vmm-cgroups.ts';
import type { VmmResources } from './vmm-limits.ts';
import { VmmScopes } from './vmm-scopes.ts';

/** There where, and only where, systemd is the machine's init (sd_booted(3)). */
const SYSTEMD_RUNS = '/run/systemd/system';

const UNLIMITED: VmmResources = {
  areWhole: false,
  prepare: async () => [],
  release: async () => {},
};

/**
 * Where this host counts and limits VMMs: systemd's scopes, or cgroups of our own where systemd does not run, or
 * nowhere.
 */
export async function openVmmResources(
  run: RunCommand,
  where: { readonly cgroupMount?: string; readonly systemdRuns?: string } = {},
): Promise<VmmResources> {
  const mount = where.cgroupMount ?? '/sys/fs/cgroup';
  if (existsSync(where.systemdRuns ?? SYSTEMD_RUNS)) {
    const version = await runChecked(run, ['systemd-run', '--version']);
    // The first line: "systemd 252 (252.38-1~deb12u1)".
    return new VmmScopes(Number(/^systemd (\d+)/.exec(version)?.[1] ?? 0), await VmmCgroups.isThere(mount));
  }
  return (await VmmCgroups.open(mount)) ?? UNLIMITED;
}
