import { isDeepStrictEqual } from 'node:util';
import { type ApiClient, isAlreadyExists, isNotFound } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { type Node, nodeDefinition } from '../../crds/node/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatTime } from '../runtime/index.ts';
import { type HostFacts, labelsOf, lacksLabels, nodeStatusOf } from './node-object.ts';

type Client = Pick<ApiClient, 'get' | 'create' | 'patch' | 'updateStatus'>;

/**
 * The Node object of this host is there and says what the host is; writes nothing when it does.
 * @throws ApiError, ApiUnreachableError
 */
export async function registerNode(client: Client, facts: HostFacts, clock: Clock): Promise<Stored<Node>> {
  const found = await getOrCreate(client, facts);
  const labelled = lacksLabels(found, facts)
    ? await client.patch<Node>(
        nodeDefinition,
        { name: facts.nodeName },
        { metadata: { uid: found.metadata.uid, labels: labelsOf(facts) } },
      )
    : found;
  const status = nodeStatusOf(facts, labelled.status, formatTime(clock.nowMs()));
  if (isDeepStrictEqual(status, labelled.status)) return labelled;
  return client.updateStatus<Node>(nodeDefinition, { ...labelled, status });
}

async function getOrCreate(client: Client, facts: HostFacts): Promise<Stored<Node>> {
  const name = { name: facts.nodeName };
  try {
    return await client.get<Node>(nodeDefinition, name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const metadata = { name: facts.nodeName, labels: labelsOf(facts) };
    return await client.create<Node>(nodeDefinition, { apiVersion: 'v1', kind: 'Node', metadata });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return client.get<Node>(nodeDefinition, name);
  }
}
