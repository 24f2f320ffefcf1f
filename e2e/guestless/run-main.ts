/**
 * Runs a program that starts processes: Ctrl-C and SIGTERM abort its signal, so that it can end what it started,
 * and its failure is one line.
 * @param main resolves to the exit code
 */
export async function runMain(name: string, main: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(each, () => stop.abort(new Error(`received ${each}`)));
  try {
    process.exitCode = await main(stop.signal);
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
