import type { MatchResources, ResourceRule } from '../../../crds/meta/admission.ts';
import { checkPathSegment } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, invalidValue, notSupported, required } from './errors.ts';
import { selectorErrors } from './label-selectors.ts';

const MATCH_POLICIES = ['Equivalent', 'Exact'] as const;
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'] as const;
const SCOPES = ['*', 'Cluster', 'Namespaced'] as const;

function oneOf(field: string, value: string | undefined, known: readonly string[]): FieldError[] {
  if (value === undefined) return [required(field)];
  return known.includes(value) ? [] : [notSupported(field, value, known)];
}

function duplicates(field: string, values: readonly string[]): FieldError[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [{ field: `${field}[${index}]`, type: 'FieldValueDuplicate', value, detail: '' }],
  );
}

/** A list that names something, or everything by a wildcard alone. */
function wildcardErrors(field: string, values: readonly string[], what: string): FieldError[] {
  if (values.length === 0) return [required(field)];
  if (values.length > 1 && values.includes('*'))
    return [invalidValue(field, values, `if '*' is present, must not specify other ${what}`)];
  return [];
}

function resourceErrors(field: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [required(field)];
  const errors = resources.flatMap((resource, index) =>
    resource === '' ? [required(`${field}[${index}]`)] : [],
  );
  const refuse = (wildcard: string, others: string) =>
    errors.push(
      invalidValue(field, resources, `if '${wildcard}' is present, must not specify other ${others}`),
    );
  if (resources.length > 1 && resources.includes('*/*')) refuse('*/*', 'resources');
  if (resources.includes('*') && resources.some((resource) => resource !== '*' && !resource.includes('/')))
    refuse('*', 'resources without subresources');
  return errors;
}

/** Source: validateRuleWithOperations in kubernetes pkg/apis/admissionregistration/validation/validation.go */
function ruleErrors(rule: ResourceRule, path: string): FieldError[] {
  const { resourceNames = [], operations = [], apiGroups = [], apiVersions = [], resources = [] } = rule;
  return [
    ...resourceNames.flatMap((name, index) =>
      checked(`${path}.resourceNames[${index}]`, name, checkPathSegment(name)),
    ),
    ...duplicates(`${path}.resourceNames`, resourceNames),
    ...wildcardErrors(`${path}.operations`, operations, 'operations'),
    ...operations.flatMap((operation, index) => oneOf(`${path}.operations[${index}]`, operation, OPERATIONS)),
    ...wildcardErrors(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...wildcardErrors(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...apiVersions.flatMap((version, index) =>
      version === '' ? [required(`${path}.apiVersions[${index}]`)] : [],
    ),
    ...resourceErrors(`${path}.resources`, resources),
    ...(rule.scope === undefined ? [] : oneOf(`${path}.scope`, rule.scope, SCOPES)),
  ];
}

/** What is wrong with the resources of a policy or of a binding. Source: validateMatchResources in the same */
export function matchResourcesErrors(resources: MatchResources, path: string): FieldError[] {
  const { namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = resources;
  return [
    ...oneOf(`${path}.matchPolicy`, resources.matchPolicy, MATCH_POLICIES),
    ...(namespaceSelector === undefined
      ? []
      : selectorErrors(namespaceSelector, `${path}.namespaceSelector`)),
    ...(objectSelector === undefined ? [] : selectorErrors(objectSelector, `${path}.objectSelector`)),
    ...resourceRules.flatMap((rule, index) => ruleErrors(rule, `${path}.resourceRules[${index}]`)),
    ...excludeResourceRules.flatMap((rule, index) =>
      ruleErrors(rule, `${path}.excludeResourceRules[${index}]`),
    ),
  ];
}
