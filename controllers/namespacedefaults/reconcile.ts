import { isDeepStrictEqual } from 'node:util';
import {
  type ApiClient,
  ApiError,
  isAlreadyExists,
  isConflict,
  isNotFound,
  type Lister,
} from '../../api/client/index.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import type { Namespace } from '../../crds/namespace/definition.ts';
import { type Service, serviceDefinition } from '../../crds/service/definition.ts';
import { type ServiceAccount, serviceAccountDefinition } from '../../crds/serviceaccount/definition.ts';
import type { ReconcileRequest, ReconcileResult, Reconciler } from '../runtime/index.ts';
import {
  API_SERVICE,
  apiService,
  DEFAULT_SERVICE_ACCOUNT,
  defaultServiceAccount,
  ROOT_CA_CONFIG_MAP,
  rootCaConfigMap,
  rootCaData,
} from './default-objects.ts';

export interface NamespaceDefaultsDependencies {
  readonly namespaces: Lister<Namespace>;
  readonly accounts: Lister<ServiceAccount>;
  readonly configMaps: Lister<ConfigMap>;
  readonly services: Lister<Service>;
  readonly client: Pick<ApiClient, 'create' | 'update'>;
  /** PEM of the authority that signs the API server's certificate. */
  readonly clusterCa: string;
  readonly apiPort: number;
}

function hasCause({ details }: ApiError, reason: string): boolean {
  return details?.causes?.some((cause) => cause.reason === reason) === true;
}

/** Somebody else made it first, or its namespace ends: either way there is nothing left to do. */
function isSettled(error: unknown): boolean {
  if (isAlreadyExists(error) || isNotFound(error)) return true;
  return error instanceof ApiError && hasCause(error, 'NamespaceTerminating');
}

/** Steps: README.md. */
export class NamespaceDefaultsReconciler implements Reconciler {
  readonly #dependencies: NamespaceDefaultsDependencies;

  constructor(dependencies: NamespaceDefaultsDependencies) {
    this.#dependencies = dependencies;
  }

  async reconcile({ name }: ReconcileRequest, { signal }: { signal: AbortSignal }): Promise<ReconcileResult> {
    const namespace = this.#dependencies.namespaces.get('', name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return {};
    await this.#ensureAccount(name, signal);
    await this.#ensureRootCa(name, signal);
    if (name === API_SERVICE.namespace) await this.#ensureApiService(signal);
    return {};
  }

  async #ensureApiService(signal: AbortSignal): Promise<void> {
    const { services, client, apiPort } = this.#dependencies;
    if (services.get(API_SERVICE.namespace, API_SERVICE.name) !== undefined) return;
    await client.create(serviceDefinition, apiService(apiPort), { signal }).catch(unlessSettled);
  }

  async #ensureAccount(namespace: string, signal: AbortSignal): Promise<void> {
    const { accounts, client } = this.#dependencies;
    if (accounts.get(namespace, DEFAULT_SERVICE_ACCOUNT) !== undefined) return;
    await client
      .create(serviceAccountDefinition, defaultServiceAccount(namespace), { signal })
      .catch(unlessSettled);
  }

  async #ensureRootCa(namespace: string, signal: AbortSignal): Promise<void> {
    const { configMaps, client, clusterCa } = this.#dependencies;
    const present = configMaps.get(namespace, ROOT_CA_CONFIG_MAP);
    if (present === undefined) {
      await client
        .create(configMapDefinition, rootCaConfigMap(namespace, clusterCa), { signal })
        .catch(unlessSettled);
      return;
    }
    const data = rootCaData(clusterCa);
    if (isDeepStrictEqual(present.data, data)) return;
    await client.update(configMapDefinition, { ...present, data }, { signal }).catch((error: unknown) => {
      // A newer one is on its way to the cache, and brings its key back.
      if (!isConflict(error)) unlessSettled(error);
    });
  }
}

function unlessSettled(error: unknown): void {
  if (!isSettled(error)) throw error;
}
