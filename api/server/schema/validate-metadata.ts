import { isRecord } from '../../../crds/generate/json-record.ts';
import type { ObjectMeta } from '../../../crds/meta/meta.ts';
import { RBAC_GROUP } from '../../../crds/meta/rbac.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { FieldError } from './field-error.ts';
import {
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabelValue,
  checkPathSegment,
  checkQualifiedName,
} from './names.ts';

/** Sum of the bytes of all annotation keys and values. Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go */
export const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** Finalizers that Kubernetes defines without a domain. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Errors and warnings of `metadata` whose types were checked already. */
export function validateMetadata(
  definition: ResourceInfo,
  metadata: ObjectMeta,
): { errors: FieldError[]; warnings: string[] } {
  const errors = [
    ...validateName(definition, metadata),
    ...validateNamespace(definition, metadata),
    ...validateLabels(metadata.labels ?? {}),
    ...validateAnnotations(metadata.annotations ?? {}),
    ...validateFinalizers(metadata.finalizers ?? []),
    ...validateOwners(metadata.ownerReferences ?? []),
  ];
  const warnings = (metadata.finalizers ?? [])
    .filter((finalizer) => !finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer))
    .map(
      (finalizer) =>
        `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
    );
  return { errors, warnings };
}

function invalid(field: string, value: unknown, detail: string | undefined): FieldError[] {
  return detail === undefined ? [] : [{ field, type: 'FieldValueInvalid', value, detail }];
}

/** Source: the name validations in kubernetes pkg/apis/core/validation and pkg/apis/rbac/validation */
function nameCheckOf({ group, kind }: ResourceInfo): (name: string) => string | undefined {
  if (group === RBAC_GROUP) return checkPathSegment;
  if (group === '' && kind === 'Service') return checkDns1035Label;
  return group === '' && kind === 'Namespace' ? checkDnsLabel : checkDnsSubdomain;
}

function validateName(definition: ResourceInfo, { name, generateName }: ObjectMeta): FieldError[] {
  const check = nameCheckOf(definition);
  // A generated name goes on after the prefix, so a prefix may end in what a whole name may not.
  const prefix = generateName?.replace(/[-.]$/, '') ?? '';
  const prefixErrors = prefix === '' ? [] : invalid('metadata.generateName', generateName, check(prefix));
  if (name !== undefined && name !== '')
    return [...prefixErrors, ...invalid('metadata.name', name, check(name))];
  if (generateName !== undefined && generateName !== '') return prefixErrors;
  return [{ field: 'metadata.name', type: 'FieldValueRequired', detail: 'name or generateName is required' }];
}

function validateNamespace(definition: ResourceInfo, { namespace }: ObjectMeta): FieldError[] {
  if (namespace === undefined || namespace === '') return [];
  if (definition.namespaced) return invalid('metadata.namespace', namespace, checkDnsLabel(namespace));
  return [{ field: 'metadata.namespace', type: 'FieldValueForbidden', detail: 'not allowed on this type' }];
}

function validateLabels(labels: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...invalid('metadata.labels', key, checkQualifiedName(key)),
    ...invalid('metadata.labels', value, checkLabelValue(value)),
  ]);
}

function validateAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) =>
    invalid('metadata.annotations', key, checkQualifiedName(key.toLowerCase())),
  );
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes <= ANNOTATIONS_BYTES_MAX) return errors;
  const detail = `may not be more than ${ANNOTATIONS_BYTES_MAX} bytes`;
  return [...errors, { field: 'metadata.annotations', type: 'FieldValueTooLong', detail }];
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  return finalizers.flatMap((finalizer, index) =>
    invalid(`metadata.finalizers[${index}]`, finalizer, checkQualifiedName(finalizer)),
  );
}

function validateOwners(owners: NonNullable<ObjectMeta['ownerReferences']>): FieldError[] {
  const empty = owners.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => owner[field] === '')
      .map((field): FieldError => {
        return {
          field: `metadata.ownerReferences[${index}].${field}`,
          type: 'FieldValueInvalid',
          value: '',
          detail: 'must not be empty',
        };
      }),
  );
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length < 2) return empty;
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controllers.map((owner) => `${owner.kind}/${owner.name}`).join(' and ')}`;
  return [...empty, { field: 'metadata.ownerReferences', type: 'FieldValueInvalid', value: owners, detail }];
}

/** Narrows checked metadata; anything that is not an object counts as empty. */
export function asMetadata(value: unknown): ObjectMeta {
  return isRecord(value) ? (value as ObjectMeta) : {};
}
