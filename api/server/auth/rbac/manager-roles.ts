import { type BootstrapBinding, type BootstrapRole, core, named, of } from './bootstrap-rule.ts';

/** The identity of holt-manager, by its certificate. */
const MANAGER = 'system:holt-manager';

const SEE = ['list', 'watch'] as const;
const LEASES = 'coordination.k8s.io';
const HOLT = 'holt.dev';

/** A role, and the namespace outside of which it does not hold. */
interface ManagerRole extends BootstrapRole {
  readonly namespace?: string;
}

/**
 * What holt-manager may do: a role a controller, with what it calls and no more; a test runs them all and finds
 * neither a call that is refused nor a right that nobody uses. Events of a status go with its commit.
 */
const ROLES: readonly ManagerRole[] = [
  {
    name: 'holt:leader-election',
    namespace: 'kube-system',
    rules: [of(LEASES, ['create'], 'leases'), named(of(LEASES, ['get', 'update'], 'leases'), 'holt-manager')],
  },
  {
    name: 'system:controller:placement',
    rules: [core(SEE, 'nodes'), of(HOLT, SEE, 'uservms'), of(HOLT, ['create'], 'uservms/commit')],
  },
  {
    name: 'system:controller:container-binding',
    rules: [
      of(HOLT, ['get', ...SEE], 'uservms'),
      of(HOLT, [...SEE, 'patch'], 'sandboxcontainers'),
      of(HOLT, ['create'], 'sandboxcontainers/commit'),
    ],
  },
  {
    name: 'system:controller:guest-image-rollout',
    rules: [
      of(HOLT, ['get', ...SEE], 'guestimages'),
      of(HOLT, SEE, 'sandboxcontainers', 'uservms'),
      of(HOLT, ['create'], 'guestimages/commit', 'uservms/commit'),
    ],
  },
  {
    name: 'system:controller:ttl-after-finished-controller',
    rules: [of(HOLT, [...SEE, 'delete'], 'sandboxcontainers')],
  },
  {
    name: 'system:controller:snapshot-binding',
    rules: [of(HOLT, SEE, 'uservms', 'volumesnapshots'), of(HOLT, ['create'], 'volumesnapshots/commit')],
  },
  {
    name: 'system:controller:node-controller',
    rules: [core(SEE, 'nodes'), core(['create'], 'nodes/commit')],
  },
  {
    name: 'system:controller:node-heartbeats',
    namespace: 'kube-node-lease',
    rules: [of(LEASES, ['get', ...SEE], 'leases')],
  },
  {
    name: 'system:controller:namespace-controller',
    rules: [
      core(SEE, 'namespaces'),
      core(['update'], 'namespaces/finalize'),
      core(['create'], 'namespaces/commit'),
      of('apiextensions.k8s.io', ['list'], 'customresourcedefinitions'),
      // Whatever is in a namespace that ends goes with it, kinds of later definitions too.
      of('*', ['delete', 'list'], '*'),
    ],
  },
  {
    name: 'system:controller:namespace-defaults',
    rules: [
      core(SEE, 'namespaces'),
      core(['create'], 'configmaps', 'serviceaccounts'),
      named(core(SEE, 'serviceaccounts'), 'default'),
      named(core([...SEE, 'update'], 'configmaps'), 'kube-root-ca.crt'),
    ],
  },
  {
    name: 'system:controller:api-service',
    namespace: 'default',
    rules: [core(['create'], 'services'), named(core(SEE, 'services'), 'kubernetes')],
  },
  {
    name: 'system:controller:resourcequota-controller',
    rules: [
      core(['get'], 'resourcequotas'),
      core(['create'], 'resourcequotas/commit'),
      // Quotas count objects of every kind, those of later definitions too.
      of('*', SEE, '*'),
    ],
  },
  {
    name: 'system:controller:event-retention',
    rules: [core(['delete', 'list'], 'events')],
  },
  {
    name: 'system:controller:event-relay',
    rules: [core(SEE, 'events'), named(core(['get'], 'namespaces'), 'kube-system')],
  },
  {
    name: 'system:controller:event-relay-cursor',
    namespace: 'kube-system',
    rules: [
      core(['create'], 'configmaps'),
      named(core(['get', 'update'], 'configmaps'), 'holt-event-relay', 'holt-event-relay-endpoint'),
    ],
  },
];

export const MANAGER_ROLES: readonly BootstrapRole[] = ROLES.map(({ name, rules }) => ({ name, rules }));

export const MANAGER_BINDINGS: readonly BootstrapBinding[] = ROLES.map(({ name, namespace }) => ({
  name,
  users: [MANAGER],
  ...(namespace === undefined ? {} : { namespace }),
}));
