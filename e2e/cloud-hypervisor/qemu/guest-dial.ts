import { spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { controlGuestAddress, controlNetdev } from './qemu-argv.ts';
import type { Qmp } from './qmp.ts';

/** How long the guest may take to accept: the real VMM's own bound. */
const acceptTimeoutMs = 2_000;

/**
 * Opens streams to TCP ports of the guest through QEMU's user network. Each stream gets a forward of its
 * own, on a port that the kernel picks and for as long as the connect takes: QEMU accepts on a forward
 * before it asks the guest, so whether the guest accepted is read from QEMU's table of connections, where
 * streams of one forward cannot be told apart.
 */
export class GuestDial {
  readonly #qmp: Qmp;
  #adding: Promise<unknown> = Promise.resolve();

  constructor(qmp: Qmp) {
    this.#qmp = qmp;
    // A fresh network namespace has its loopback down.
    if (networkInterfaces().lo === undefined) spawnSync('ip', ['link', 'set', 'lo', 'up']);
  }

  /** A stream that the guest has accepted; undefined when it refused or did not answer. */
  async dial(guestPort: number): Promise<Socket | undefined> {
    if (guestPort < 1 || guestPort > 65_535) return undefined;
    const forwardPort = await this.#addForward(guestPort);
    const socket = connect({ host: '127.0.0.1', port: forwardPort, allowHalfOpen: true });
    socket.on('error', () => {});
    try {
      if (await this.#isAccepted(socket, forwardPort)) return socket;
      socket.destroy();
      return undefined;
    } finally {
      await this.#qmp
        .runHuman(`hostfwd_remove ${controlNetdev} tcp:127.0.0.1:${forwardPort}`)
        .catch(() => {});
    }
  }

  /** One at a time: a new forward is known by not having been in the table before. */
  #addForward(guestPort: number): Promise<number> {
    const added = this.#adding.then(async () => {
      const before = new Set(forwards(await this.#qmp.runHuman('info usernet')));
      const said = await this.#qmp.runHuman(
        `hostfwd_add ${controlNetdev} tcp:127.0.0.1:0-${controlGuestAddress}:${guestPort}`,
      );
      const port = forwards(await this.#qmp.runHuman('info usernet')).find((known) => !before.has(known));
      if (port === undefined)
        throw new Error(`QEMU made no forward to guest port ${guestPort}: ${said.trim()}`);
      return port;
    });
    this.#adding = added.catch(() => {});
    return added;
  }

  async #isAccepted(socket: Socket, forwardPort: number): Promise<boolean> {
    const deadlineMs = performance.now() + acceptTimeoutMs;
    for (let waitMs = 1; performance.now() < deadlineMs; waitMs = Math.min(waitMs * 2, 50)) {
      if (socket.destroyed || socket.readableEnded) return false;
      const state = connectionState(await this.#qmp.runHuman('info usernet'), forwardPort);
      if (state === 'ESTABLISHED' || state === 'CLOSE_WAIT') return true;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    return false;
  }
}

/** A line of `info usernet`: `  TCP[STATE]  FD  SOURCE PORT  DEST PORT  RECVQ SENDQ`. */
const linePattern = /^\s*TCP\[(\w+)\]\s+\d+\s+\S+\s+(\d+)\s/;

/** Host ports of the forwards in the table. */
export function forwards(table: string): number[] {
  return rows(table).flatMap(({ state, port }) => (state === 'HOST_FORWARD' ? [port] : []));
}

/** State of the one connection that came in by this forward. */
export function connectionState(table: string, forwardPort: number): string | undefined {
  return rows(table).find(({ state, port }) => port === forwardPort && state !== 'HOST_FORWARD')?.state;
}

function rows(table: string) {
  return table.split('\n').flatMap((line) => {
    const match = linePattern.exec(line);
    return match?.[1] === undefined ? [] : [{ state: match[1], port: Number(match[2]) }];
  });
}
