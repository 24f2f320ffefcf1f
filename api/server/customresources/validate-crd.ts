import { isDeepStrictEqual } from 'node:util';
import type {
  CrdVersion,
  CustomResourceDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import type { AdmissionRule } from '../admission/rule.ts';
import { costErrors } from '../cel/rule-costs.ts';
import { compileJsonPath } from '../printing/json-path.ts';
import { checkDnsSubdomain } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { isConditionTrue, isCrdKind } from './crd-object.ts';
import { parseSchema } from './parse-schema.ts';
import { forbidden, invalid, notSupported, required } from './schema-errors.ts';
import { dns1035, validateCrdNames } from './validate-names.ts';
import { validateSchema } from './validate-schema.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];

/**
 * What is wrong with a CustomResourceDefinition.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
 */
export const customResourceDefinitionRule: AdmissionRule = ({ definition, object, previous }) => {
  if (!isCrdKind(definition)) return [];
  const crd = object as CustomResourceDefinition;
  const old = previous as CustomResourceDefinition | undefined;
  const errors = [
    ...validateName(crd),
    ...validateGroupAndScope(crd),
    ...validateCrdNames(crd.spec.names),
    ...validateVersions(crd),
    ...validateConversion(crd),
    ...(old === undefined ? [] : [...validateUpdate(crd, old), ...validateStoredVersions(crd)]),
  ];
  // What a rule costs is told by a schema that is right.
  return errors.length > 0 ? errors : ruleCostErrors(crd, old);
};

/** A schema that was taken before its rules were estimated, or estimated otherwise, stays. */
function ruleCostErrors(
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): FieldError[] {
  return spec.versions.flatMap(({ name, schema }, index) => {
    const now = schema?.openAPIV3Schema;
    const before = old?.spec.versions.find((version) => version.name === name)?.schema?.openAPIV3Schema;
    if (now === undefined || isDeepStrictEqual(now, before)) return [];
    return costErrors(parseSchema({ ...now }), `spec.versions[${index}].schema.openAPIV3Schema`);
  });
}

function validateName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  if (metadata.name === `${spec.names.plural ?? ''}.${spec.group}`) return [];
  return [invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')];
}

function validateGroupAndScope({ spec, metadata }: CustomResourceDefinition): FieldError[] {
  const errors: FieldError[] = [];
  const wrongGroup = checkDnsSubdomain(spec.group);
  if (spec.group === '') errors.push(required('spec.group'));
  else if (wrongGroup !== undefined) errors.push(invalid('spec.group', spec.group, wrongGroup));
  else if (!spec.group.includes('.'))
    errors.push(invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
  if (spec.scope === '') errors.push(required('spec.scope'));
  else if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced')
    errors.push(notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group) && !isApproved(metadata.annotations ?? {})) {
    errors.push(
      invalid(
        'metadata.annotations[api-approved.kubernetes.io]',
        metadata.annotations?.['api-approved.kubernetes.io'] ?? '',
        'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      ),
    );
  }
  if (spec.preserveUnknownFields === true) {
    errors.push(
      invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'),
    );
  }
  return errors;
}

function isApproved(annotations: Readonly<Record<string, string>>): boolean {
  return /^(https?:\/\/|unapproved)/.test(annotations['api-approved.kubernetes.io'] ?? '');
}

function validateVersions({ spec }: CustomResourceDefinition): FieldError[] {
  const { versions } = spec;
  const names = versions.map(({ name }) => name);
  const errors = versions.flatMap((version, index) => validateVersion(version, `spec.versions[${index}]`));
  if (new Set(names).size !== names.length)
    errors.push(invalid('spec.versions', names, 'must contain unique version names'));
  if (versions.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalid('spec.versions', names, 'must have exactly one version marked as storage version'));
  }
  return errors;
}

function validateVersion(version: CrdVersion, path: string): FieldError[] {
  const wrong = dns1035(version.name);
  const schema = version.schema?.openAPIV3Schema;
  const errors = wrong === undefined ? [] : [invalid(`${path}.name`, version.name, wrong)];
  if (version.deprecationWarning !== undefined && version.deprecated !== true) {
    errors.push(
      invalid(
        `${path}.deprecationWarning`,
        version.deprecationWarning,
        'can only be set for deprecated versions',
      ),
    );
  }
  const schemaErrors =
    schema === undefined
      ? [required(`${path}.schema.openAPIV3Schema`, 'schemas are required')]
      : validateSchema(schema as Record<string, unknown>, `${path}.schema.openAPIV3Schema`);
  return [
    ...errors,
    ...schemaErrors,
    ...validateColumns(version, path),
    ...validateSubresources(version, path),
  ];
}

/** Whether a path is one that leads to one field: dots and names alone. */
function isFieldPath(path: string): boolean {
  return /^(\.[A-Za-z_][-\w]*)+$/.test(path);
}

function jsonPathError(path: string): string | undefined {
  if (!path.startsWith('.')) return 'is not valid: must start with a dot';
  try {
    compileJsonPath(path);
    return undefined;
  } catch (error) {
    return `is not valid: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function validateColumns(version: CrdVersion, path: string): FieldError[] {
  const columns = (version.additionalPrinterColumns ?? []).flatMap(({ name, type, jsonPath }, index) => {
    const at = `${path}.additionalPrinterColumns[${index}]`;
    const wrongPath = jsonPathError(jsonPath);
    return [
      ...(name === '' ? [required(`${at}.name`)] : []),
      ...(COLUMN_TYPES.includes(type)
        ? []
        : [invalid(`${at}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`)]),
      ...(wrongPath === undefined ? [] : [invalid(`${at}.jsonPath`, jsonPath, wrongPath)]),
    ];
  });
  const fields = version.selectableFields ?? [];
  const selectable = fields.flatMap(({ jsonPath }, index) =>
    isFieldPath(jsonPath)
      ? []
      : [invalid(`${path}.selectableFields[${index}].jsonPath`, jsonPath, 'is an invalid path')],
  );
  if (fields.length > 8)
    selectable.push(invalid(`${path}.selectableFields`, fields, 'must have at most 8 items'));
  return [...columns, ...selectable];
}

function validateSubresources({ subresources }: CrdVersion, path: string): FieldError[] {
  const { scale } = subresources ?? {};
  if (scale === undefined) return [];
  const at = `${path}.subresources.scale`;
  const parts = [
    ['specReplicasPath', scale.specReplicasPath, '.spec.'],
    ['statusReplicasPath', scale.statusReplicasPath, '.status.'],
    ['labelSelectorPath', scale.labelSelectorPath, ''],
  ] as const;
  return parts.flatMap(([name, value, start]): FieldError[] => {
    if (value === undefined) return [];
    if (value === '' && start !== '') return [required(`${at}.${name}`)];
    if (value === '') return [];
    if (!isFieldPath(value)) return [invalid(`${at}.${name}`, value, 'should be a json path without arrays')];
    const fits = start === '' ? /^\.(spec|status)\./.test(value) : value.startsWith(start);
    if (fits) return [];
    const wanted = start === '' ? 'either .spec or .status' : start.slice(0, -1);
    return [invalid(`${at}.${name}`, value, `should be a json path under ${wanted}`)];
  });
}

function validateConversion({ spec }: CustomResourceDefinition): FieldError[] {
  const strategy = spec.conversion?.strategy;
  if (strategy === undefined || strategy === 'None') return [];
  if (strategy === 'Webhook') {
    return [
      forbidden(
        'spec.conversion.strategy',
        'this server calls no webhooks: use the strategy None, with schemas that all versions share',
      ),
    ];
  }
  return [notSupported('spec.conversion.strategy', strategy, ['None'])];
}

function validateUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const established = isConditionTrue(old, 'Established');
  const pairs = [
    ['spec.group', crd.spec.group, old.spec.group],
    ['spec.names.plural', crd.spec.names.plural, old.spec.names.plural],
    ...(established
      ? ([
          ['spec.scope', crd.spec.scope, old.spec.scope],
          ['spec.names.kind', crd.spec.names.kind, old.spec.names.kind],
        ] as const)
      : []),
  ] as const;
  return pairs
    .filter(([, now, before]) => !isDeepStrictEqual(now, before))
    .map(([field, now]) => invalid(field, now, 'field is immutable'));
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const names = new Set(spec.versions.map(({ name }) => name));
  return (status?.storedVersions ?? []).flatMap((version, index) =>
    names.has(version)
      ? []
      : [
          invalid(
            `status.storedVersions[${index}]`,
            version,
            `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
          ),
        ],
  );
}
