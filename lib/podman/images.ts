import { z } from 'zod';
import type { VsockAddress } from '../http-over-vsock.ts';
import type { CallOptions } from './containers.ts';
import { callPodman, openPodmanStream } from './podman-api.ts';
import { PodmanError } from './podman-error.ts';

const progressSchema = z.object({ error: z.string().optional() });

/** @param reference e.g. `docker.io/library/redis:7` */
export async function imageExists(
  address: VsockAddress,
  reference: string,
  options: CallOptions = {},
): Promise<boolean> {
  const path = `/images/${encodeURIComponent(reference)}/exists`;
  return (await callPodman(address, { path, ...options }, { accept: [404] })).status !== 404;
}

/**
 * Pulls an image, which may take minutes.
 * @throws PodmanError with podman's reason: the answer is 200 in any case, the last line tells
 */
export async function pullImage(
  address: VsockAddress,
  reference: string,
  options: CallOptions = {},
): Promise<void> {
  const query = { reference, policy: 'missing', quiet: true };
  const stream = await openPodmanStream(address, {
    method: 'POST',
    path: '/images/pull',
    query,
    timeoutMs: 300_000,
    ...options,
  });
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const { error } = progressSchema.parse(JSON.parse(line));
    if (error !== undefined)
      throw new PodmanError(`pull ${reference}`, { status: 200, cause: error, message: error });
  }
}
