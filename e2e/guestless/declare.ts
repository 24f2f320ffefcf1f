import type { ApiObject } from '../../crds/meta/meta.ts';

const NAMESPACE = 'default';

/** Fields of a spec that a person would write. */
export type SpecFields = Readonly<Record<string, unknown>>;

function declared(kind: string, name: string, spec: SpecFields): ApiObject {
  return { apiVersion: 'holt.dev/v1alpha1', kind, metadata: { name, namespace: NAMESPACE }, spec };
}

/** A small VM of the user of that name. */
export function smallVm(user: string, spec: SpecFields = {}): ApiObject {
  return declared('UserVM', user, {
    user,
    memory: '256Mi',
    dataVolume: { size: '16Mi', retention: '0s' },
    ...spec,
  });
}

/** A container `<user>-<role>` in the user's VM, with a port and a readiness probe where the role has a route. */
export function smallContainer(
  user: string,
  role: 'live' | 'dev' | 'sidecar',
  spec: SpecFields = {},
): ApiObject {
  const routed = {
    ports: [{ name: 'http', containerPort: 3000 }],
    readinessProbe: { httpGet: { path: '/', port: 3000 } },
  };
  return declared('SandboxContainer', `${user}-${role}`, {
    vmRef: { name: user },
    role,
    source: { closure: '/opt/holt/closures/node' },
    command: ['/usr/bin/node', '/server.js'],
    ...(role === 'sidecar' ? {} : routed),
    ...spec,
  });
}
