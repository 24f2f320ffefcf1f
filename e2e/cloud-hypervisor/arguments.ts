/** The flags of cloud-hypervisor that the stand-in takes. */
export interface Arguments {
  readonly apiSocket: string | undefined;
  readonly eventMonitor: string | undefined;
  readonly logFile: string | undefined;
  /** Number of `-v`. */
  readonly verbosity: number;
  /** The VMM outlives a power-off of its guest. */
  readonly noShutdown: boolean;
  readonly version: boolean;
}

/** A command line that the real binary would refuse too; exit code 2. */
export class UsageError extends Error {}

/** Flags of the real binary that change nothing here. */
const ignoredWithValue = new Set(['--seccomp', '--log-format']);

/** @throws UsageError */
export function parseArguments(argv: readonly string[]): Arguments {
  const values = new Map<string, string>();
  let verbosity = 0;
  let noShutdown = false;
  let version = false;
  const rest = argv.flatMap(splitEquals);
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    if (/^-v+$/.test(flag)) verbosity += flag.length - 1;
    else if (flag === '--no-shutdown') noShutdown = true;
    else if (flag === '--version' || flag === '-V') version = true;
    else if (['--api-socket', '--event-monitor', '--log-file'].includes(flag) || ignoredWithValue.has(flag)) {
      const value = rest.shift();
      if (value === undefined)
        throw new UsageError(`a value is required for '${flag} <${flag.slice(2)}>' but none was supplied`);
      values.set(flag, value);
    } else throw new UsageError(`unexpected argument '${flag}' found`);
  }
  return {
    apiSocket: pathOf(values.get('--api-socket')),
    eventMonitor: pathOf(values.get('--event-monitor')),
    logFile: values.get('--log-file'),
    verbosity,
    noShutdown,
    version,
  };
}

function splitEquals(argument: string): string[] {
  const match = /^(--[a-z-]+)=(.*)$/s.exec(argument);
  return match?.[1] === undefined || match[2] === undefined ? [argument] : [match[1], match[2]];
}

/** `path=<path>` or, for the API socket, the bare path. */
function pathOf(value: string | undefined): string | undefined {
  if (value?.startsWith('fd=')) throw new UsageError('the stand-in takes path=, not fd=');
  return value?.replace(/^path=/, '');
}
