import type { ApiClient } from '../../api/client/index.ts';
import { nodeDefinition } from '../../crds/node/definition.ts';
import {
  RETAINED_VOLUMES_ANNOTATION,
  RETAINED_VOLUMES_TOLD_MAX,
  type ToldVolume,
} from '../../crds/node/retained-volumes.ts';
import type { Heartbeat } from '../noderegistration/heartbeat.ts';
import type { RetainedVolume } from '../volumes/retention/inventory.ts';

/** Keeps the annotation of this host's Node that names the volumes it keeps. Writes only what changed. */
export function tellerOfRetainedVolumes(options: {
  readonly client: Pick<ApiClient, 'patch'>;
  readonly heartbeat: Pick<Heartbeat, 'node'>;
}): (volumes: readonly RetainedVolume[]) => Promise<void> {
  const { client, heartbeat } = options;
  let told: string | undefined;
  return async (volumes) => {
    const { node } = heartbeat;
    if (node === undefined) return;
    const { name, annotations } = node.metadata;
    const text = volumes.length === 0 ? undefined : JSON.stringify(toldOf(volumes));
    const known = told ?? annotations?.[RETAINED_VOLUMES_ANNOTATION];
    if ((text ?? '') === (known ?? '')) return;
    const patch = { metadata: { annotations: { [RETAINED_VOLUMES_ANNOTATION]: text ?? null } } };
    await client.patch(nodeDefinition, { name }, patch);
    told = text ?? '';
  };
}

function toldOf(volumes: readonly RetainedVolume[]): ToldVolume[] {
  return [...volumes]
    .sort((a, b) => Date.parse(b.record.since) - Date.parse(a.record.since))
    .slice(0, RETAINED_VOLUMES_TOLD_MAX)
    .map(({ record: { id, namespace, name, user, cause, until }, sizeBytes }) => ({
      ...{ id, namespace, name, user, cause, until },
      size: String(sizeBytes ?? 0),
    }));
}
