import { createInterface } from 'node:readline';
import { z } from 'zod';

/**
 * Runs inside the VMs' network namespace as a child of holt-node and answers whether HTTP servers there answer.
 * One JSON line in ({id, url, timeoutMs}), one out ({id, ok}). Ends with its standard input.
 */
const requestSchema = z.object({ id: z.int(), url: z.url(), timeoutMs: z.int() });

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, url, timeoutMs } = requestSchema.parse(JSON.parse(line));
  const answer = (ok: boolean) => process.stdout.write(`${JSON.stringify({ id, ok })}\n`);
  // Any status is an answer: without the VM's id in a header the ingress refuses by itself (421) and no
  // container sees the request.
  fetch(url, {
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'manual',
    headers: { connection: 'close' },
  }).then(
    (response) => response.body?.cancel().then(() => answer(true)),
    () => answer(false),
  );
});
