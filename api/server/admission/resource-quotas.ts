import { isDeepStrictEqual } from 'node:util';
import type { ResourceQuota } from '../../../crds/resourcequota/definition.ts';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';
import { checkQualifiedName } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, forbiddenValue, invalidValue } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

/** Resources that are counted, so that their limit is a whole number. */
const COUNTED = [
  ...['pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps'],
  ...['persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'],
];

/** Source: standardQuotaResources in kubernetes pkg/apis/core/helper/helpers.go */
const STANDARD: ReadonlySet<string> = new Set([
  ...COUNTED,
  ...['cpu', 'memory', 'ephemeral-storage'],
  ...['requests.cpu', 'requests.memory', 'requests.storage', 'requests.ephemeral-storage'],
  ...['limits.cpu', 'limits.memory', 'limits.ephemeral-storage'],
]);

const SCOPES: ReadonlySet<string> = new Set([
  ...['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort'],
  ...['PriorityClass', 'CrossNamespacePodAffinity'],
]);

const NO_PODS =
  'and there are none here: leave it out, and limit what the whole namespace may have by spec.hard';

function nameErrors(name: string, field: string): FieldError[] {
  const errors = checked(field, name, checkQualifiedName(name));
  if (errors.length > 0 || name.includes('/')) return errors;
  if (STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name)) return [];
  return [
    invalidValue(field, name, 'must be a standard resource type or fully qualified'),
    invalidValue(field, name, 'must be a standard resource for quota'),
  ];
}

function quantityErrors(name: string, quantity: string, field: string): FieldError[] {
  const { nanos = 0n } = ExactQuantity.parse(quantity) ?? {};
  if (nanos < 0n) return [invalidValue(field, quantity, 'must be greater than or equal to 0')];
  const isWhole = nanos % ExactQuantity.one.nanos === 0n;
  return COUNTED.includes(name) && !isWhole ? [invalidValue(field, quantity, 'must be an integer')] : [];
}

function scopeErrors(scopes: readonly string[], previous: readonly string[] | undefined): FieldError[] {
  const field = 'spec.scopes';
  const unknown = scopes
    .filter((scope) => !SCOPES.has(scope))
    .map(() => invalidValue(field, scopes, 'unsupported scope'));
  const clashes = [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ]
    .filter((pair) => pair.every((scope) => scopes.includes(scope)))
    .map(() => invalidValue(field, scopes, 'conflicting scopes'));
  const isMoved =
    previous !== undefined && !isDeepStrictEqual([...new Set(scopes)].sort(), [...new Set(previous)].sort());
  const pointless =
    previous === undefined && scopes.length > 0
      ? [forbiddenValue(field, `scopes choose among Pods, ${NO_PODS}`)]
      : [];
  return [
    ...unknown,
    ...clashes,
    ...pointless,
    ...(isMoved ? [invalidValue(field, scopes, 'field is immutable')] : []),
  ];
}

function selectorErrors(
  selector: NonNullable<ResourceQuota['spec']>['scopeSelector'],
  previous: ResourceQuota | undefined,
): FieldError[] {
  if (selector === undefined || isDeepStrictEqual(selector, previous?.spec?.scopeSelector)) return [];
  return [forbiddenValue('spec.scopeSelector', `it chooses among Pods, ${NO_PODS}`)];
}

/** Limits of a quota. Source: ValidateResourceQuota in kubernetes pkg/apis/core/validation/validation.go */
export const resourceQuotas: AdmissionRule = ({ definition, object, previous }) => {
  if (!definition.builtIn || definition.kind !== 'ResourceQuota') return [];
  const { spec } = object as ResourceQuota;
  const before = previous === undefined ? undefined : ((previous as ResourceQuota).spec?.scopes ?? []);
  return [
    ...Object.entries(spec?.hard ?? {}).flatMap(([name, quantity]) => {
      const field = `spec.hard[${name}]`;
      return [...nameErrors(name, field), ...quantityErrors(name, String(quantity), field)];
    }),
    ...scopeErrors(spec?.scopes ?? [], before),
    ...selectorErrors(spec?.scopeSelector, previous as ResourceQuota | undefined),
  ];
};
