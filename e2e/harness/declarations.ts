import { stringify } from 'yaml';
import type { SandboxContainerSpec } from '../../crds/sandboxcontainer/definition.ts';
import type { UserVmSpec } from '../../crds/uservm/definition.ts';

/** What a person writes: the server adds the rest. */
interface Declared<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Partial<Spec>;
}

export function userVm(user: string, spec: Partial<UserVmSpec> = {}, name = user): Declared<UserVmSpec> {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name, namespace: 'default' },
    spec: { user, cpus: 1, memory: '1Gi', dataVolume: { size: '1Gi' }, ...spec },
  };
}

/** The example program in a container of `user`'s VM, with its chaos paths on. */
export function container(
  user: string,
  role: SandboxContainerSpec['role'],
  spec: Partial<SandboxContainerSpec> = {},
): Declared<SandboxContainerSpec> {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { name: `${user}-${role}`, namespace: 'default' },
    spec: {
      vmRef: { name: user },
      role,
      source: { closure: '/opt/holt/closures/node' },
      command: ['/usr/bin/node', '/opt/holt/example/server.js'],
      env: [{ name: 'HOLT_EXAMPLE_CHAOS', value: '1' }],
      ports: [{ name: 'http', containerPort: 3000 }],
      resources: { cpu: '1', memory: '256Mi', pids: 128 },
      volumeMounts: [{ mountPath: '/data', subPath: role }],
      readinessProbe: {
        httpGet: { path: '/healthz', port: 3000 },
        initialDelaySeconds: 0,
        periodSeconds: 2,
        timeoutSeconds: 5,
        successThreshold: 1,
        failureThreshold: 3,
      },
      ...spec,
    },
  };
}

/** A helper without a port: prints the time. */
export function sidecar(user: string): Declared<SandboxContainerSpec> {
  const base = container(user, 'sidecar', {
    command: ['/bin/sh', '-c', 'while true; do date -u; sleep 5; done'],
    resources: { cpu: '100m', memory: '64Mi', pids: 16 },
  });
  const { ports: _ports, readinessProbe: _probe, ...spec } = base.spec;
  return { ...base, spec };
}

/** Many documents for `apply -f -`. */
export function toYaml(objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}
