import { z } from 'zod';
import type { VsockAddress } from '../http-over-vsock.ts';
import {
  containerInspectSchema,
  containerListSchema,
  containerStatsSchema,
  type PodmanContainer,
  type PodmanInspect,
  type PodmanStats,
} from './container-schemas.ts';
import { type ContainerCreate, toSpecGenerator } from './create-request.ts';
import { callPodman, callPodmanJson } from './podman-api.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

const createdSchema = z.object({ Id: z.string() });

const pathOf = (container: string, rest = '') => `/containers/${encodeURIComponent(container)}${rest}`;

/** Rejects while podman's service does not answer. */
export async function pingPodman(address: VsockAddress, options: CallOptions = {}): Promise<void> {
  await callPodman(address, { path: '/_ping', ...options });
}

/** All containers of the guest, in whatever state. */
export async function listContainers(
  address: VsockAddress,
  options: CallOptions = {},
): Promise<PodmanContainer[]> {
  return callPodmanJson(address, containerListSchema, {
    path: '/containers/json',
    query: { all: true },
    ...options,
  });
}

/** @param container name or id, here and below */
export async function inspectContainer(
  address: VsockAddress,
  container: string,
  options: CallOptions = {},
): Promise<PodmanInspect> {
  return callPodmanJson(address, containerInspectSchema, { path: pathOf(container, '/json'), ...options });
}

/** Makes a container without starting it. Returns its id. */
export async function createContainer(
  address: VsockAddress,
  create: ContainerCreate,
  options: CallOptions = {},
): Promise<string> {
  const body = toSpecGenerator(create);
  const request = { method: 'POST', path: '/containers/create', body, ...options } as const;
  return (await callPodmanJson(address, createdSchema, request)).Id;
}

/** Does nothing where it runs already. */
export async function startContainer(
  address: VsockAddress,
  container: string,
  options: CallOptions = {},
): Promise<void> {
  const request = { method: 'POST', path: pathOf(container, '/start'), ...options } as const;
  await callPodman(address, request, { accept: [304] });
}

/** SIGTERM, after `graceSeconds` SIGKILL. Does nothing where it does not run. */
export async function stopContainer(
  address: VsockAddress,
  container: string,
  graceSeconds: number,
  options: CallOptions = {},
): Promise<void> {
  const request = {
    method: 'POST',
    path: pathOf(container, '/stop'),
    query: { timeout: graceSeconds },
    timeoutMs: graceSeconds * 1000 + 30_000,
    ...options,
  } as const;
  await callPodman(address, request, { accept: [304, 404] });
}

/** Does nothing where it does not run. */
export async function killContainer(
  address: VsockAddress,
  container: string,
  options: CallOptions = {},
): Promise<void> {
  const query = { signal: 'SIGKILL' };
  // 409: "can only kill running containers".
  await callPodman(
    address,
    { method: 'POST', path: pathOf(container, '/kill'), query, ...options },
    { accept: [404, 409] },
  );
}

/**
 * Ends it (SIGTERM, after `graceSeconds` SIGKILL) and removes it with its anonymous volumes. Does nothing where
 * it is not there.
 */
export async function removeContainer(
  address: VsockAddress,
  container: string,
  options: CallOptions & { readonly graceSeconds?: number } = {},
): Promise<void> {
  const { graceSeconds = 0, ...call } = options;
  const request = {
    method: 'DELETE',
    path: pathOf(container),
    query: { force: true, v: true, timeout: graceSeconds },
    timeoutMs: graceSeconds * 1000 + 30_000,
    ...call,
  } as const;
  await callPodman(address, request, { accept: [404] });
}

/** Waits for the end of a container. Returns its exit code. @param options.timeoutMs default 30,000 */
export async function waitForExit(
  address: VsockAddress,
  container: string,
  options: CallOptions = {},
): Promise<number> {
  const query = { condition: 'exited' };
  const path = pathOf(container, '/wait');
  const { text } = await callPodman(address, { method: 'POST', path, query, ...options });
  return z.coerce.number().int().parse(text.trim());
}

/**
 * Processes and memory of running containers. Containers that end meanwhile are left out, or nothing is
 * returned at all: ask again.
 */
export async function containerStats(
  address: VsockAddress,
  containers: readonly string[],
  options: CallOptions = {},
): Promise<PodmanStats[]> {
  // Repeated query keys: podman takes `containers` as an array.
  const names = containers.map((id) => `containers=${encodeURIComponent(id)}`).join('&');
  const path = `/containers/stats?${names}&stream=false`;
  return (await callPodmanJson(address, containerStatsSchema, { path, ...options })).Stats;
}
