import { formatKey, Informer } from '../../api/client/index.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { Namespace } from '../../crds/namespace/definition.ts';
import { type ServiceAccount, serviceAccountDefinition } from '../../crds/serviceaccount/definition.ts';
import type { ManagerContext } from '../manager-context.ts';
import { informerSource, startController } from '../runtime/index.ts';
import { DEFAULT_SERVICE_ACCOUNT, ROOT_CA_CONFIG_MAP } from './default-objects.ts';
import { NamespaceDefaultsReconciler } from './reconcile.ts';

/** The key of the namespace that an object is in. */
function namespaceKeys({ metadata }: ApiObject): string[] {
  return [formatKey({ name: metadata.namespace ?? '' })];
}

/**
 * Watches the two names alone: the users' own ConfigMaps and accounts are no concern of it.
 * @param clusterCa PEM of the authority that signs the API server's certificate
 */
export function startNamespaceDefaultsController(
  context: ManagerContext,
  namespaces: Informer<Namespace>,
  clusterCa: string,
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
  const controller = startController({
    name: 'namespacedefaults',
    clock,
    logger,
    metrics,
    reconciler: new NamespaceDefaultsReconciler({
      namespaces: namespaces.lister,
      accounts: accounts.lister,
      configMaps: configMaps.lister,
      client,
      clusterCa,
    }),
    sources: [
      informerSource(namespaces),
      informerSource(accounts, { keys: namespaceKeys }),
      informerSource(configMaps, { keys: namespaceKeys }),
    ],
  });
  accounts.start();
  configMaps.start();
  return {
    stop: async () => {
      await controller.stop();
      await Promise.all([accounts.stop(), configMaps.stop()]);
    },
  };
}
