import { closeSync, openSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { osErrorText } from './api-failure.ts';

/** A start that failed, with the cause chain that the real binary prints. */
export class StartError extends Error {
  readonly causes: readonly string[];

  constructor(...causes: string[]) {
    super(causes.join(': '));
    this.causes = causes;
  }
}

/**
 * Listens on the API socket. A stale socket is removed, a live one refused (as from v53 on; the real VMM
 * knows by a lock on `<socket>.lock`, here by whether somebody answers).
 * @throws StartError
 */
export async function listenOnApiSocket(server: Server, path: string): Promise<void> {
  const chain = 'Failed to start the VMM thread';
  try {
    closeSync(openSync(`${path}.lock`, 'a'));
    if (await isAnswered(path)) {
      throw new StartError(
        chain,
        `API socket ${JSON.stringify(path)} is already in use by another running instance`,
      );
    }
    removeIfThere(path);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(chain, "Error creation API server's socket", osErrorText(error));
  }
}

/** Removes a file or socket that may be gone already. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone, or the bind says why not.
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
