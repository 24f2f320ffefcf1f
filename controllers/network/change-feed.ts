import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../lib/clock.ts';

/** Tells that something changed, not what. */
export interface ChangeFeed {
  /** Listens until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves at the first change after this call. */
  next(): Promise<void>;
  /** The namespace of that name is another one now: the old one is let go of. */
  restart(): void;
  /** Whether changes are told now. */
  isTelling(): boolean;
}

export interface ChangeFeedOptions {
  readonly netns: string;
  readonly clock: Clock;
  /** Between an end of a monitor and its next start. Default 1,000. */
  readonly restartMs?: number;
}

/** Programs that write a line for each change that the kernel tells (man 8 ip-monitor, man 8 nft). */
const MONITORS = [
  ['ip', 'monitor', 'link', 'address', 'route'],
  ['nft', 'monitor'],
] as const;

/** Changes of devices, addresses, routes and firewall in a network namespace. */
export function createChangeFeed({ netns, clock, restartMs = 1_000 }: ChangeFeedOptions): ChangeFeed {
  let change = Promise.withResolvers<void>();
  const living = new Set<string>();
  let generation = new AbortController();
  const tell = () => {
    change.resolve();
    change = Promise.withResolvers<void>();
  };
  const follow = async (argv: readonly string[], signal: AbortSignal) => {
    while (!signal.aborted) {
      await runMonitor(['ip', 'netns', 'exec', netns, ...argv], {
        signal: AbortSignal.any([signal, generation.signal]),
        onOutput: tell,
        onStart: () => living.add(argv.join(' ')),
      });
      living.delete(argv.join(' '));
      // What happened meanwhile is not known.
      tell();
      await clock.sleep(restartMs, signal).catch(() => {});
    }
  };
  return {
    run: async (signal) => {
      await Promise.all(MONITORS.map((argv) => follow(argv, signal)));
    },
    next: () => change.promise,
    restart: () => {
      generation.abort();
      generation = new AbortController();
    },
    isTelling: () => living.size === MONITORS.length,
  };
}

/** Resolves when the program ended, which the signal makes it do. */
async function runMonitor(
  [file, ...args]: readonly [string, ...string[]],
  options: { readonly signal: AbortSignal; readonly onStart: () => void; readonly onOutput: () => void },
): Promise<void> {
  const { signal, onStart, onOutput } = options;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const end = () => child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  child.once('spawn', onStart).on('error', () => {});
  child.stdout.on('data', onOutput);
  if (signal.aborted) end();
  // `close` also comes where it could not be started.
  await once(child, 'close');
  signal.removeEventListener('abort', end);
}
