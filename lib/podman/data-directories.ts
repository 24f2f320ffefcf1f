import type { VsockAddress } from '../http-over-vsock.ts';
import { type CallOptions, createContainer, removeContainer } from './containers.ts';
import { callPodman } from './podman-api.ts';
import { tarDirectories } from './tar-directories.ts';

export interface DataDirectories {
  /** An existing directory of the guest. */
  readonly parent: string;
  /** Directories wanted in it: names without a slash. */
  readonly names: readonly string[];
  /** Name and labels of the container that does it; one at a time has the name. */
  readonly helper: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

/**
 * Makes directories in the guest where they are missing, and leaves the existing ones as they are. podman refuses
 * a bind mount whose source is missing and has no call to make one, but it can copy into a mount of a container
 * that never starts: a helper container gets `parent` mounted, the missing directories as an archive, and goes.
 * @throws PodmanError, VsockError, VsockHttpError
 */
export async function ensureDataDirectories(
  address: VsockAddress,
  wanted: DataDirectories,
  options: CallOptions = {},
): Promise<void> {
  const { parent, names, helper } = wanted;
  await removeContainer(address, helper.name, options);
  await createContainer(
    address,
    {
      ...helper,
      source: { rootfs: parent },
      command: ['never-started'],
      env: {},
      mounts: [{ source: parent, destination: '/data', readOnly: false }],
    },
    options,
  );
  try {
    const path = `/containers/${encodeURIComponent(helper.name)}/archive`;
    const missing: string[] = [];
    for (const name of names) {
      const query = { path: `/data/${name}` };
      const { status } = await callPodman(
        address,
        { method: 'HEAD', path, query, ...options },
        { accept: [404] },
      );
      if (status === 404) missing.push(name);
    }
    if (missing.length === 0) return;
    const body = tarDirectories(missing);
    await callPodman(address, { method: 'PUT', path, query: { path: '/data' }, body, ...options });
  } finally {
    await removeContainer(address, helper.name, options);
  }
}
