import { fileURLToPath } from 'node:url';

/** What a confined program may see and use. */
export interface Confinement {
  /** Network namespace that it runs in. */
  readonly netns: string;
  /** An empty folder for its view of the file system. */
  readonly root: string;
  /** User and group id. */
  readonly userId: number;
  /** Files and folders that it may read, besides the system's own programs and libraries. */
  readonly readPaths: readonly string[];
  /** Files and folders that it may also write. */
  readonly writePaths: readonly string[];
  /** Command that puts what follows under its limits; empty where there are none. */
  readonly limited: readonly string[];
}

const SCRIPT = fileURLToPath(new URL('confine.sh', import.meta.url));

/**
 * The system's programs and libraries, and what the kernel tells of devices. Where one is missing (Debian has no
 * /nix, NixOS no /lib) it is left out.
 */
const SYSTEM_PATHS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/nix/store', '/etc/ld.so.cache', '/sys'];

/** The command line that runs `argv` confined: see confine.sh. */
export function confinedCommand(confinement: Confinement, argv: readonly string[]): string[] {
  const { netns, root, userId, readPaths, writePaths, limited } = confinement;
  return [
    ...limited,
    ...['ip', 'netns', 'exec', netns, 'sh', SCRIPT, root, String(userId)],
    ...[...SYSTEM_PATHS, ...readPaths].map((path) => `ro:${path}`),
    ...writePaths.map((path) => `rw:${path}`),
    '--',
    ...argv,
  ];
}

/** The environment of a confined program: nothing of this process's but where programs are. */
export function confinedEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOLT_STANDIN_NO_GUEST'].flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(kept);
}
