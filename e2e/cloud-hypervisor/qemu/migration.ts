import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Qmp, QmpError } from './qmp.ts';

const pollMs = 10;

/**
 * Writes a stopped machine to a new file. QEMU's sandbox lets it start no program and open no other way out,
 * so it says it over a socket beside the file.
 * @throws QmpError, or what the file system says
 */
export async function writeMachine(qmp: Qmp, path: string): Promise<void> {
  const socketPath = join(dirname(path), '.memory');
  const server = createServer().listen(socketPath);
  await once(server, 'listening');
  try {
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await qmp.run('migrate-set-parameters', { 'max-bandwidth': 2 ** 40 });
    await qmp.run('migrate', { uri: `unix:${socketPath}` });
    const [socket] = await connected;
    await Promise.all([pipeline(socket, createWriteStream(path, { flags: 'wx' })), untilMigrated(qmp)]);
  } finally {
    server.close();
  }
}

/** Feeds a machine that waits for it (`-incoming fd:N`) from a file. @throws QmpError */
export async function readMachine(qmp: Qmp, incoming: Duplex, path: string): Promise<void> {
  await Promise.all([pipeline(createReadStream(path), incoming), untilMigrated(qmp)]);
}

async function untilMigrated(qmp: Qmp): Promise<void> {
  for (;;) {
    const answer = (await qmp.run('query-migrate')) as { status?: string; 'error-desc'?: string };
    if (answer.status === 'completed') return;
    if (answer.status === 'failed') throw new QmpError(answer['error-desc'] ?? 'the migration failed');
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
