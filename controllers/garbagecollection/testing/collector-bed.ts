import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ApiClient, isNotFound } from '../../../api/client/index.ts';
import { startTestApi, type TestApi } from '../../../api/testing/test-api.ts';
import { waitUntil } from '../../../api/testing/wait-until.ts';
import { customResourceDefinitionDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import type { ApiObject, OwnerReference, Stored } from '../../../crds/meta/meta.ts';
import { apiVersionOf, type ResourceAddress } from '../../../crds/meta/resource-definition.ts';
import { namespaceDefinition } from '../../../crds/namespace/definition.ts';
import { systemClock } from '../../../lib/clock.ts';
import { createControllerMetrics } from '../../runtime/index.ts';
import { GARBAGE_COLLECTOR_USER, type GarbageCollection, startGarbageCollection } from '../controller.ts';
import { GarbageCollectionMetrics } from '../metrics.ts';

export const CONFIG_MAPS: ResourceAddress = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

export type Policy = 'Background' | 'Foreground' | 'Orphan';

/** A kind of the test's own, e.g. `widgets.gc.example.com`. */
export function customKind(plural: string, kind: string, namespaced = true): ResourceAddress {
  return { group: 'gc.example.com', version: 'v1', kind, plural, namespaced };
}

/** A running collector and the way to see what it is at. */
export interface RunningCollector {
  /** No key waits and no worker is at one, for a while. */
  whenIdle(): Promise<void>;
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

/** A real API server over a real etcd, and a collector in this process that follows it. */
export class CollectorBed {
  readonly api: TestApi;
  /** Of somebody who may do everything. */
  readonly client: ApiClient;
  /** With the rights that the collector has in a cluster. */
  readonly collectorClient: ApiClient;
  collector: RunningCollector;

  private constructor(api: TestApi, client: ApiClient, collectorClient: ApiClient) {
    this.api = api;
    this.client = client;
    this.collectorClient = collectorClient;
    this.collector = runCollector(collectorClient);
  }

  static async start(): Promise<CollectorBed> {
    const api = await startTestApi();
    const client = await ApiClient.fromKubeconfigFile(api.kubeconfig);
    const asCollector = { impersonate: GARBAGE_COLLECTOR_USER };
    return new CollectorBed(api, client, await ApiClient.fromKubeconfigFile(api.kubeconfig, asCollector));
  }

  async restartCollector(client: ApiClient = this.collectorClient): Promise<void> {
    await this.collector.stop();
    this.collector = runCollector(client);
  }

  async dispose(): Promise<void> {
    await this.collector.stop();
    await Promise.all([this.client.close(), this.collectorClient.close()]);
    await this.api.dispose();
  }

  async makeNamespace(name: string): Promise<void> {
    await this.client.create(namespaceDefinition, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
  }

  /** Makes a definition at run time and waits until it is served. */
  async define({ group, version, kind, plural, namespaced }: ResourceAddress): Promise<ResourceAddress> {
    await this.client.create(customResourceDefinitionDefinition, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: namespaced ? 'Namespaced' : 'Cluster',
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [
          {
            name: version,
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    const resource = { group, version, kind, plural, namespaced };
    await waitUntil(`${plural} to be served`, () => this.client.list(resource).then(Boolean, () => false));
    return resource;
  }

  async make(
    resource: ResourceAddress,
    key: { readonly namespace?: string; readonly name: string },
    ownerReferences: readonly OwnerReference[] = [],
    metadata: Partial<ApiObject['metadata']> = {},
  ): Promise<Stored<ApiObject>> {
    return this.client.create(resource, {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { ...key, ownerReferences: [...ownerReferences], ...metadata },
    });
  }

  async remove(
    resource: ResourceAddress,
    { metadata: { namespace, name } }: Stored<ApiObject>,
    propagationPolicy: Policy = 'Background',
  ): Promise<void> {
    await this.client.delete(resource, { namespace, name }, { propagationPolicy });
  }

  /** The object of that UID; undefined when it is gone. */
  async find(
    resource: ResourceAddress,
    { metadata: { namespace, name, uid } }: Stored<ApiObject>,
  ): Promise<Stored<ApiObject> | undefined> {
    try {
      const found = await this.client.get(resource, { namespace, name });
      return found.metadata.uid === uid ? found : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async whenGone(resource: ResourceAddress, object: Stored<ApiObject>): Promise<void> {
    await waitUntil(`${resource.kind} ${object.metadata.name} to be gone`, async () => {
      return (await this.find(resource, object)) === undefined;
    });
  }

  /** The names of what is there, once the collector has nothing more to do. */
  async namesWhenIdle(resource: ResourceAddress, namespace: string): Promise<string[]> {
    await this.collector.whenIdle();
    const { items } = await this.client.listAll(resource, { namespace });
    return items.map(({ metadata }) => metadata.name).sort();
  }
}

/** Starts a collector in this process. */
export function runCollector(client: ApiClient): RunningCollector {
  const registry = new Registry();
  const collection: GarbageCollection = startGarbageCollection({
    client,
    clock: systemClock,
    logger: pino({ level: process.env.HOLT_TEST_LOG ?? 'silent' }),
    metrics: createControllerMetrics(registry),
    garbageCollectionMetrics: new GarbageCollectionMetrics(registry),
  });
  return {
    whenIdle: () => whenIdle(registry),
    metricsText: () => registry.metrics(),
    stop: () => collection.stop(),
  };
}

const QUEUES = ['garbagecollection', 'garbagecollection-owners'];

/** Long enough for a watch event to arrive and for an owner's end to be taken in hand. */
const QUIET_MS = 350;

async function whenIdle(registry: Registry): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  let quietSinceMs = performance.now();
  let before = '';
  while (performance.now() - quietSinceMs < QUIET_MS) {
    if (performance.now() > deadlineMs) throw new Error('the collector is still at work after 30 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
    const metrics = await Promise.all(
      ['queue_depth', 'active_workers', 'reconciles_total'].map(async (name) => {
        const values = (await registry.getSingleMetric(`holt_controller_${name}`)?.get())?.values ?? [];
        return values.filter(({ labels }) => QUEUES.includes(String(labels.controller)));
      }),
    );
    const now = JSON.stringify(metrics);
    const isBusy = metrics.slice(0, 2).some((values) => values.some(({ value }) => value > 0));
    if (isBusy || now !== before) quietSinceMs = performance.now();
    before = now;
  }
}
