import type { ConfigMap } from '../../crds/configmap/definition.ts';
import type { Service } from '../../crds/service/definition.ts';
import type { ServiceAccount } from '../../crds/serviceaccount/definition.ts';

/** The Service that names the API server. Source: kubernetes pkg/controlplane/controller/kubernetesservice */
export const API_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;

/** The account of programs that name none. */
export const DEFAULT_SERVICE_ACCOUNT = 'default';

/** Where programs find whom to trust. Source: kubernetes pkg/controller/certificates/rootcacertpublisher */
export const ROOT_CA_CONFIG_MAP = 'kube-root-ca.crt';

export function defaultServiceAccount(namespace: string): ServiceAccount {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: DEFAULT_SERVICE_ACCOUNT } };
}

/** @param clusterCa PEM */
export function rootCaData(clusterCa: string): Record<string, string> {
  return { 'ca.crt': clusterCa };
}

/** @param clusterCa PEM */
export function rootCaConfigMap(namespace: string, clusterCa: string): ConfigMap {
  const description = 'The certificate authority of the API server, for programs to verify it by.';
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name: ROOT_CA_CONFIG_MAP,
      annotations: { 'kubernetes.io/description': description },
    },
    data: rootCaData(clusterCa),
  };
}

/** Headless: there is no cluster network that it could have an address in. */
export function apiService(apiPort: number): Service {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...API_SERVICE, labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiPort }],
    },
  };
}
