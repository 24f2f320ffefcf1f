import { readdir, readFile } from 'node:fs/promises';
import type { ProcessIdentity } from '../../lib/process-identity.ts';

/** A process as /proc shows it. */
export interface ProcessEntry extends ProcessIdentity {
  /** Session id: a VMM is started in a session of its own, so its helpers carry its pid here. */
  readonly sessionId: number;
  readonly argv: readonly string[];
}

/** The parts of /proc/PID/stat that matter, or undefined when the text is not one. */
export function parseProcessStat(text: string) {
  // The command name stands in parentheses and may itself hold parentheses and blanks.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const [state, , , session] = fields;
  const startTime = fields[19];
  if (end < 0 || state === undefined || session === undefined || startTime === undefined) return undefined;
  return { state, sessionId: Number(session), startTicks: Number(startTime) };
}

/** One living process, or undefined: a zombie is not alive, whoever failed to reap it. */
export async function readProcess(pid: number, procDirectory = '/proc'): Promise<ProcessEntry | undefined> {
  try {
    const [stat, cmdline] = await Promise.all([
      readFile(`${procDirectory}/${pid}/stat`, 'utf8'),
      readFile(`${procDirectory}/${pid}/cmdline`, 'utf8'),
    ]);
    const parsed = parseProcessStat(stat);
    if (parsed === undefined || parsed.state === 'Z' || parsed.state === 'X') return undefined;
    const argv = cmdline.split('\0').filter((argument) => argument !== '');
    return { pid, startTicks: parsed.startTicks, sessionId: parsed.sessionId, argv };
  } catch {
    // Gone between the listing and the read.
    return undefined;
  }
}

/** All living user-space processes of this host. */
export async function listProcesses(procDirectory = '/proc'): Promise<ProcessEntry[]> {
  const names = await readdir(procDirectory);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(pids.map((pid) => readProcess(pid, procDirectory)));
  return entries.filter((entry) => entry !== undefined && entry.argv.length > 0) as ProcessEntry[];
}

/** The API socket that a process's `--api-socket` names, or undefined for other programs. */
export function apiSocketOf(argv: readonly string[]): string | undefined {
  for (const [index, argument] of argv.entries()) {
    const value = argument.startsWith('--api-socket=')
      ? argument.slice('--api-socket='.length)
      : argument === '--api-socket'
        ? argv[index + 1]
        : undefined;
    if (value !== undefined) return value.replace(/^path=/, '');
  }
  return undefined;
}
