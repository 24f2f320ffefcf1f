import { ExactQuantity } from '../../lib/exact-quantity.ts';
import type { ApiObject } from '../meta/meta.ts';
import type { ResourceDefinition, ResourceInfo } from '../meta/resource-definition.ts';
import type { SandboxContainer } from '../sandboxcontainer/definition.ts';
import { sandboxContainerDefinition } from '../sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../uservm/definition.ts';
import { type VolumeSnapshot, volumeSnapshotDefinition } from '../volumesnapshot/definition.ts';

/** Objects of a kind, as far as a quota is concerned. */
export type KindName = Pick<ResourceInfo, 'group' | 'plural'>;

/** What a name in a quota stands for: a number of objects, or the sum of what each of them takes. */
export type TrackedResource =
  | { readonly kind: KindName; readonly amountOf: undefined }
  | { readonly kind: ResourceDefinition; readonly amountOf: (object: ApiObject) => ExactQuantity };

/** Names of the core group without `count/`, as far as their kinds are served here. */
const COUNTED_BY_PLURAL = ['configmaps', 'resourcequotas', 'secrets', 'services'];

/**
 * Events tell of what happened and are never refused.
 * Source: DefaultIgnoredResources in kubernetes pkg/quota/v1/install/registry.go
 */
const NOT_COUNTED: readonly KindName[] = [
  { group: '', plural: 'events' },
  { group: 'events.k8s.io', plural: 'events' },
];

/** What was stored was validated; a value from another time than today's schema counts as nothing. */
function amount(value: unknown): ExactQuantity {
  return ExactQuantity.parse(String(value)) ?? ExactQuantity.zero;
}

function ofVm(read: (spec: UserVm['spec']) => unknown): TrackedResource {
  return { kind: userVmDefinition, amountOf: (object) => amount(read((object as UserVm).spec)) };
}

function ofContainer(read: (resources: SandboxContainer['spec']['resources']) => unknown): TrackedResource {
  return {
    kind: sandboxContainerDefinition,
    amountOf: (object) => amount(read((object as SandboxContainer).spec.resources)),
  };
}

const VM_CPU = ofVm(({ cpus }) => cpus);
const VM_MEMORY = ofVm(({ memory }) => memory);

/**
 * A UserVM is what a node sets aside: its size is what it requests. A SandboxContainer lives on the memory and the
 * CPUs of its VM, so that it requests nothing more: what it has are limits.
 */
const AMOUNTS: Readonly<Record<string, TrackedResource>> = {
  cpu: VM_CPU,
  'requests.cpu': VM_CPU,
  memory: VM_MEMORY,
  'requests.memory': VM_MEMORY,
  'requests.storage': ofVm(({ dataVolume }) => dataVolume.size),
  // As upstream's <class>.storageclass.storage.k8s.io/requests.storage: of what is stored in one way.
  'volumesnapshots.holt.dev/requests.storage': {
    kind: volumeSnapshotDefinition,
    amountOf: (object) => amount((object as VolumeSnapshot).spec.size ?? 0),
  },
  'limits.cpu': ofContainer(({ cpu }) => cpu),
  'limits.memory': ofContainer(({ memory }) => memory),
};

function isSameKind(a: KindName, b: KindName): boolean {
  return a.group === b.group && a.plural === b.plural;
}

/** `count/<plural>.<group>`, or `count/<plural>` of the core group. */
function countedKind(name: string): KindName | undefined {
  if (COUNTED_BY_PLURAL.includes(name)) return { group: '', plural: name };
  const [, plural, group = ''] = /^count\/([^./]+)(?:\.(.+))?$/.exec(name) ?? [];
  if (plural === undefined) return undefined;
  const kind = { group, plural };
  return NOT_COUNTED.some((each) => isSameKind(each, kind)) ? undefined : kind;
}

/** What a name in `spec.hard` stands for; undefined for what nothing here takes up, such as pods. */
export function trackedResource(name: string): TrackedResource | undefined {
  if (Object.hasOwn(AMOUNTS, name)) return AMOUNTS[name];
  const kind = countedKind(name);
  return kind && { kind, amountOf: undefined };
}

/** How much an object takes of a resource. */
export function amountTaken(name: string, kind: KindName, object: ApiObject): ExactQuantity {
  const tracked = trackedResource(name);
  if (tracked === undefined || !isSameKind(tracked.kind, kind)) return ExactQuantity.zero;
  return tracked.amountOf?.(object) ?? ExactQuantity.one;
}

/** The names of what an object of a kind may take more or less of without being created or deleted. */
export function amountNames(kind: KindName): readonly string[] {
  return Object.entries(AMOUNTS)
    .filter(([, tracked]) => isSameKind(tracked.kind, kind))
    .map(([name]) => name);
}
