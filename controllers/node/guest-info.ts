import { z } from 'zod';
import { connectVsock } from '../../lib/hybrid-vsock.ts';
import type { GuestInfo } from '../uservm/node-effects.ts';

/** vsock port on which the guest says who it is: one line of JSON, then the end. */
const INFO_PORT = 1027;
const ANSWER_CHARS_MAX = 4096;

const guestInfoSchema = z.looseObject({ bootId: z.string().min(1), vmId: z.string().min(1) });

/** Asks the guest who it is; undefined when it does not answer within `timeoutMs` or not in that form. */
export async function readGuestInfo(socketPath: string, timeoutMs: number): Promise<GuestInfo | undefined> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const socket = await connectVsock(socketPath, INFO_PORT, { timeoutMs, signal });
    const onAbort = () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`));
    signal.addEventListener('abort', onAbort, { once: true });
    let text = '';
    try {
      for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
        text += chunk;
        // The line is the answer: whether the end of the stream gets through is the VMM's affair.
        if (text.includes('\n') || text.length > ANSWER_CHARS_MAX) break;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    }
    const { bootId, vmId } = guestInfoSchema.parse(JSON.parse(text));
    return { bootId, vmId };
  } catch {
    return undefined;
  }
}
