import { formatKey, Informer } from '../../api/client/index.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { Namespace } from '../../crds/namespace/definition.ts';
import { type Service, serviceDefinition } from '../../crds/service/definition.ts';
import { type ServiceAccount, serviceAccountDefinition } from '../../crds/serviceaccount/definition.ts';
import type { ManagerContext } from '../manager-context.ts';
import { informerSource, startController } from '../runtime/index.ts';
import { API_SERVICE, DEFAULT_SERVICE_ACCOUNT, ROOT_CA_CONFIG_MAP } from './default-objects.ts';
import { NamespaceDefaultsReconciler } from './reconcile.ts';

/** The key of the namespace that an object is in. */
function namespaceKeys({ metadata }: ApiObject): string[] {
  return [formatKey({ name: metadata.namespace ?? '' })];
}

/** What programs are told of the API server. */
export interface ApiServerFacts {
  /** PEM of the authority that signs its certificate. */
  readonly clusterCa: string;
  readonly apiPort: number;
}

/** Watches the three names alone: the users' own objects are no concern of it. */
export function startNamespaceDefaultsController(
  context: ManagerContext,
  namespaces: Informer<Namespace>,
  { clusterCa, apiPort }: ApiServerFacts,
): { stop(): Promise<void> } {
  const { client, clock, logger, metrics } = context;
  const shared = { client, clock, logger };
  const accounts = new Informer<ServiceAccount>({
    ...shared,
    definition: serviceAccountDefinition,
    fieldSelector: `metadata.name=${DEFAULT_SERVICE_ACCOUNT}`,
  });
  const configMaps = new Informer<ConfigMap>({
    ...shared,
    definition: configMapDefinition,
    fieldSelector: `metadata.name=${ROOT_CA_CONFIG_MAP}`,
  });
  const services = new Informer<Service>({
    ...shared,
    definition: serviceDefinition,
    namespace: API_SERVICE.namespace,
    fieldSelector: `metadata.name=${API_SERVICE.name}`,
  });
  const controller = startController({
    name: 'namespacedefaults',
    clock,
    logger,
    metrics,
    reconciler: new NamespaceDefaultsReconciler({
      namespaces: namespaces.lister,
      accounts: accounts.lister,
      configMaps: configMaps.lister,
      services: services.lister,
      client,
      clusterCa,
      apiPort,
    }),
    sources: [
      informerSource(namespaces),
      informerSource(accounts, { keys: namespaceKeys }),
      informerSource(configMaps, { keys: namespaceKeys }),
      informerSource(services, { keys: namespaceKeys }),
    ],
  });
  accounts.start();
  configMaps.start();
  services.start();
  return {
    stop: async () => {
      await controller.stop();
      await Promise.all([accounts.stop(), configMaps.stop(), services.stop()]);
    },
  };
}
