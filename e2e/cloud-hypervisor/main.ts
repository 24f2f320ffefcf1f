import { openSync, writeSync } from 'node:fs';
import { osErrorText } from './api-failure.ts';
import { listenOnApiSocket, removeIfThere, StartError } from './api-socket.ts';
import { type Arguments, parseArguments, UsageError } from './arguments.ts';
import { createEndpoints, emulatedVersion } from './endpoints.ts';
import { EventMonitor } from './event-monitor.ts';
import { readFaults } from './faults.ts';
import { answerCalls } from './http/call.ts';
import { createApiServer } from './http/server.ts';
import { QemuMachine } from './qemu/qemu-machine.ts';
import type { MachineEnd } from './vm/machine.ts';
import { startNoGuestMachine } from './vm/no-guest-machine.ts';
import { Vmm } from './vm/vmm.ts';

/** The binary's life: 0 after an orderly end, 1 after a failure, 2 after a wrong command line. */
async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2));
  if (given.version) {
    process.stdout.write(`cloud-hypervisor v${emulatedVersion} (Holt stand-in)\n`);
    return;
  }
  if (given.apiSocket === undefined) throw new UsageError('the stand-in needs --api-socket');
  // Sockets and logs are the owner's alone, as the real VMM makes them.
  process.umask(0o077);
  const log = openLog(given);
  const monitor = openMonitor(given.eventMonitor);
  await serve(given.apiSocket, given.noShutdown, monitor, log);
}

async function serve(
  apiSocket: string,
  noShutdown: boolean,
  monitor: EventMonitor,
  log: (text: string) => void,
) {
  const faultsPath = `${apiSocket}.faults`;
  const exit = (code: number) => {
    removeIfThere(apiSocket);
    process.exit(code);
  };
  const onGuestEnd = async (end: MachineEnd, detail: string) => {
    log(`guest ended: ${end} ${detail}`);
    if (end === 'guest-shutdown' && noShutdown) await vmm.shutdown();
    else {
      await vmm.end();
      exit(end === 'guest-shutdown' ? 0 : 1);
    }
  };
  const vmm = new Vmm({
    monitor,
    startMachine: process.env.HOLT_STANDIN_NO_GUEST === '1' ? startNoGuestMachine : QemuMachine.start,
    faults: () => readFaults(faultsPath),
    onGuestEnd: (end, detail) => void onGuestEnd(end, detail),
  });
  // The answer to vmm.shutdown is written before the process ends.
  const endpoints = createEndpoints(vmm, () => setTimeout(() => exit(0), 10));
  const server = createApiServer(answerCalls(endpoints, faultsPath));
  await listenOnApiSocket(server, apiSocket);
  monitor.emit('vmm', 'starting');
  log(`listening on ${apiSocket}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void vmm.end().finally(() => exit(0)));
  }
}

function openMonitor(path: string | undefined): EventMonitor {
  try {
    return new EventMonitor(path);
  } catch (error) {
    throw new StartError('Error doing event monitor I/O', osErrorText(error));
  }
}

function openLogFile(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new StartError('Error creating log file', osErrorText(error));
  }
}

function openLog({ logFile, verbosity }: Arguments): (text: string) => void {
  const fd = logFile === undefined ? 2 : openLogFile(logFile);
  return (text) => {
    if (verbosity > 0)
      writeSync(fd, `cloud-hypervisor: ${(process.uptime()).toFixed(6)}s: INFO -- ${text}\n`);
  };
}

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(2);
  }
  const causes =
    error instanceof StartError ? error.causes : [error instanceof Error ? error.stack : String(error)];
  const chain = causes.map((cause, index) => `  ${index}: ${cause}`).join('\n');
  process.stderr.write(`Error: Cloud Hypervisor exited with the following chain of errors:\n${chain}\n`);
  process.exit(1);
}
