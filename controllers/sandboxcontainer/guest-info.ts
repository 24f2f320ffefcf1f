import { z } from 'zod';
import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import { connectVsock } from '../../lib/hybrid-vsock.ts';

const guestInfoSchema = z.object({
  bootId: z.string().min(1),
  /** Ids of containers that the kernel killed for their memory since the boot; absent where the guest does not tell. */
  oomKilled: z.array(z.string()).optional(),
});

export type GuestInfo = z.infer<typeof guestInfoSchema>;

/**
 * Reads the guest's info port: one line of JSON, then the end.
 * @throws VsockError when the guest cannot be reached, Error when the line is not what it should be
 */
export async function readGuestInfo(address: VsockAddress, signal: AbortSignal): Promise<GuestInfo> {
  const socket = await connectVsock(address.socketPath, address.port, { timeoutMs: 10_000, signal });
  const abort = () => socket.destroy(new Error('aborted', { cause: signal.reason }));
  signal.addEventListener('abort', abort, { once: true });
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer for 10,000 ms')));
  try {
    let line = '';
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
      line += chunk;
      if (line.length > 65_536) throw new Error('answer is longer than 65,536 bytes');
    }
    return guestInfoSchema.parse(JSON.parse(line));
  } catch (error) {
    throw new Error(`guest info: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}
