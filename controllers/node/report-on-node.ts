import type { ApiClient } from '../../api/client/index.ts';
import type { LifecycleEvent } from '../../crds/meta/status-commit.ts';
import { nodeDefinition } from '../../crds/node/definition.ts';
import type { Heartbeat } from '../noderegistration/heartbeat.ts';
import type { StatusCommitter } from '../runtime/index.ts';

/** Writes events about this node, once it is registered. */
export function reporterOnNode(options: {
  readonly client: Pick<ApiClient, 'get'>;
  readonly committer: StatusCommitter;
  readonly heartbeat: Heartbeat;
}): (events: readonly LifecycleEvent[]) => Promise<void> {
  const { client, committer, heartbeat } = options;
  return async (events) => {
    const name = heartbeat.node?.metadata.name;
    if (name === undefined) return;
    const node = await client.get(nodeDefinition, { name });
    await committer.commit(nodeDefinition, node, { ...(node.status ?? {}) }, [...events]);
  };
}
