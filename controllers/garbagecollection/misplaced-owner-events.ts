import { createHash } from 'node:crypto';
import { type ApiClient, isAlreadyExists, isNotFound } from '../../api/client/index.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { OwnerReference } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { formatTime } from '../runtime/index.ts';
import type { OwnershipGraph } from './graph.ts';
import type { GraphNode, Seen } from './graph-node.ts';
import { ownersOf } from './ownership.ts';

/** Reasons of Events of the garbage collector. */
export const GARBAGE_COLLECTION_REASONS = {
  /** An owner reference is to an object of another namespace. */
  ownerRefInvalidNamespace: 'OwnerRefInvalidNamespace',
} as const;

/** What was told already is not told again; the oldest is forgotten first. */
const TOLD_MAX = 1_000;

const COMPONENT = 'garbage-collector-controller';

export interface MisplacedOwnerEventsOptions {
  readonly client: Pick<ApiClient, 'create' | 'patch' | 'get'>;
  readonly graph: Pick<OwnershipGraph, 'get'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells by an Event of a dependent whose owner is in another namespace, where it cannot be its owner.
 * Source: reportInvalidNamespaceOwnerRef in k8s.io/kubernetes/pkg/controller/garbagecollector/graph_builder.go
 */
export class MisplacedOwnerEvents {
  readonly #options: MisplacedOwnerEventsOptions;
  readonly #told = new Set<string>();

  constructor(options: MisplacedOwnerEventsOptions) {
    this.#options = options;
  }

  /** Tells of each such owner once. An Event that cannot be written holds nothing up. */
  async report(node: GraphNode, seen: Seen, signal: AbortSignal): Promise<void> {
    const { graph, logger } = this.#options;
    for (const reference of ownersOf(seen.object)) {
      const owner = graph.get(reference.uid)?.seen;
      if (owner?.resource.namespaced !== true) continue;
      if (owner.object.metadata.namespace === node.namespace) continue;
      if (!this.#isNews(`${node.uid}/${reference.uid}`)) continue;
      await this.#write(seen, reference, signal).catch((error: unknown) => {
        if (signal.aborted) return;
        logger.warn({ err: error, uid: node.uid, owner: reference.uid }, 'cannot write an Event');
      });
    }
  }

  #isNews(key: string): boolean {
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    if (this.#told.size > TOLD_MAX) {
      const [oldest] = this.#told;
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    return true;
  }

  async #write({ object }: Seen, reference: OwnerReference, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const now = formatTime(clock.nowMs());
    const event = invalidNamespaceEvent(object, reference, now);
    try {
      await client.create<Event>(eventDefinition, event, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const { namespace, name = '' } = event.metadata;
      const known = await client.get<Event>(eventDefinition, { namespace, name }, { signal });
      const fields = { count: (known.count ?? 1) + 1, lastTimestamp: now };
      await client.patch(eventDefinition, { namespace, name }, fields, { signal }).catch((gone: unknown) => {
        if (!isNotFound(gone)) throw gone;
      });
    }
  }
}

/** One Event a dependent and owner, whoever writes it: its name is made of both. */
function invalidNamespaceEvent(object: Seen['object'], reference: OwnerReference, now: string): Event {
  const { apiVersion, kind, metadata } = object;
  const { namespace = '', name, uid, resourceVersion } = metadata;
  const owner = `[${reference.apiVersion}/${reference.kind}, namespace: ${namespace}, name: ${reference.name}, uid: ${reference.uid}]`;
  const digest = createHash('sha256').update(`${uid}/${reference.uid}`).digest('hex').slice(0, 16);
  const stem = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .slice(0, 200);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: namespace === '' ? 'default' : namespace, name: `${stem}.${digest}` },
    involvedObject: {
      apiVersion,
      kind,
      ...(namespace === '' ? {} : { namespace }),
      name,
      uid,
      resourceVersion,
    },
    reason: GARBAGE_COLLECTION_REASONS.ownerRefInvalidNamespace,
    message: `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`,
    type: 'Warning',
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
  };
}
