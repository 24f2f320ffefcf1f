import type { Socket } from 'node:net';
import { connectVsock, VsockError } from '../../lib/hybrid-vsock.ts';

/** vsock port on which the guest freezes its data volume for as long as the connection stands. */
const FREEZE_PORT = 1028;
const ANSWER_CHARS_MAX = 256;

/** Whether nothing writes to a VM's volume now. */
export type Freeze =
  /** The guest's file system is frozen until `thaw`, the end of the time or the end of this process. */
  | { readonly state: 'frozen'; thaw(): Promise<void> }
  /** No VMM has the volume. */
  | { readonly state: 'no-vmm' }
  | { readonly state: 'refused'; readonly message: string };

/**
 * Asks a VM's guest to freeze its data volume. The guest thaws it by itself after `seconds`, and when the
 * connection ends: a process that dies leaves no guest frozen.
 */
export async function freezeGuest(
  socketPath: string,
  { seconds, timeoutMs }: { readonly seconds: number; readonly timeoutMs: number },
): Promise<Freeze> {
  let socket: Socket;
  try {
    socket = await connectVsock(socketPath, FREEZE_PORT, { timeoutMs });
  } catch (error) {
    if (error instanceof VsockError && error.failure === 'no-vmm') return { state: 'no-vmm' };
    return { state: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
  socket.on('error', () => {});
  try {
    const answer = await ask(socket, `freeze ${seconds}\n`, timeoutMs);
    if (answer === 'frozen') return { state: 'frozen', thaw: () => thaw(socket, timeoutMs) };
    socket.destroy();
    return { state: 'refused', message: `the guest answered ${JSON.stringify(answer)}` };
  } catch (error) {
    socket.destroy();
    return { state: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
}

/** What the guest says of it is not asked for: whether it held is seen on the volume. */
async function thaw(socket: Socket, timeoutMs: number): Promise<void> {
  await ask(socket, 'thaw\n', timeoutMs).catch(() => {});
  socket.destroy();
}

/** Sends a line and waits for one. @throws Error where none comes in time */
function ask(socket: Socket, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (end: () => void) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      end();
    };
    const onClose = () => settle(() => reject(new Error('the guest ended the connection')));
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!text.includes('\n') && text.length <= ANSWER_CHARS_MAX) return;
      settle(() => resolve(text.slice(0, ANSWER_CHARS_MAX).split('\n')[0] ?? ''));
    };
    const timer = setTimeout(
      () => settle(() => reject(new Error(`the guest did not answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    socket.on('data', onData).on('close', onClose);
    socket.write(line);
  });
}
