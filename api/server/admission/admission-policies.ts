import { isDeepStrictEqual } from 'node:util';
import { ADMISSION_GROUP } from '../../../crds/meta/admission.ts';
import type {
  PolicySpec,
  ValidatingAdmissionPolicy,
} from '../../../crds/validatingadmissionpolicy/definition.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { checkDns1035Label, checkDnsSubdomain, checkQualifiedName } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, invalidValue, notSupported, required } from './errors.ts';
import { matchResourcesErrors } from './match-resources.ts';
import type { AdmissionRule } from './rule.ts';

/*
 * Source: kubernetes pkg/apis/admissionregistration/validation/validation.go
 */

const FAILURE_POLICIES = ['Fail', 'Ignore'] as const;
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'] as const;
const AUDIT_ANNOTATIONS_MAX = 20;
const VALUE_EXPRESSION_LENGTH_MAX = 5 * 1024;
const MATCH_CONDITIONS_MAX = 64;
const RESERVED_WORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function paramKindErrors({ apiVersion = '', kind = '' }: NonNullable<PolicySpec['paramKind']>): FieldError[] {
  const path = 'spec.paramKind';
  const parts = apiVersion.split('/');
  const [group, version] = parts.length === 1 ? ['', apiVersion] : [parts[0] ?? '', parts[1] ?? ''];
  const versionErrors = () => {
    if (parts.length > 2)
      return [
        invalidValue(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`),
      ];
    return [
      ...(group === '' ? [] : checked(`${path}.apiVersion`, group, checkDnsSubdomain(group))),
      ...checked(`${path}.apiVersion`, version, checkDns1035Label(version)),
    ];
  };
  const kindRemedy = checkDns1035Label(kind.toLowerCase());
  return [
    ...(apiVersion === '' ? [required(`${path}.apiVersion`)] : versionErrors()),
    ...(kind === ''
      ? [required(`${path}.kind`)]
      : checked(
          `${path}.kind`,
          kind,
          kindRemedy && `may have mixed case, but should otherwise match: ${kindRemedy}`,
        )),
  ];
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function repeated(values: readonly string[], at: (index: number) => string): FieldError[] {
  return values.flatMap((value, index) =>
    value === '' || values.indexOf(value) === index
      ? []
      : [{ field: at(index), type: 'FieldValueDuplicate', value, detail: '' }],
  );
}

function conditionErrors(conditions: NonNullable<PolicySpec['matchConditions']>): FieldError[] {
  const path = 'spec.matchConditions';
  const field = (index: number) => `${path}[${index}].name`;
  const errors = conditions.flatMap(({ name, expression }, index) => [
    ...(isBlank(expression) ? [required(`${path}[${index}].expression`)] : []),
    ...(name === '' ? [required(field(index))] : checked(field(index), name, checkQualifiedName(name))),
  ]);
  const names = conditions.map(({ name }) => name);
  if (conditions.length <= MATCH_CONDITIONS_MAX) return [...errors, ...repeated(names, field)];
  const detail = `must have at most ${MATCH_CONDITIONS_MAX} items`;
  return [{ field: path, type: 'FieldValueTooMany', value: conditions.length, detail }, ...errors];
}

function variableErrors(variables: NonNullable<PolicySpec['variables']>): FieldError[] {
  return variables.flatMap(({ name, expression }, index) => {
    const path = `spec.variables[${index}]`;
    const isName = /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !RESERVED_WORDS.has(name);
    const nameErrors = isName
      ? []
      : [invalidValue(`${path}.name`, name, 'name is not a valid CEL identifier')];
    return [
      ...(isBlank(name) ? [required(`${path}.name`, 'name is not specified')] : nameErrors),
      ...(isBlank(expression) ? [required(`${path}.expression`, 'expression is not specified')] : []),
    ];
  });
}

function validationErrors(validations: NonNullable<PolicySpec['validations']>): FieldError[] {
  return validations.flatMap(({ expression, message, messageExpression, reason }, index) => {
    const path = `spec.validations[${index}]`;
    const errors: FieldError[] = [];
    if (isBlank(expression)) errors.push(required(`${path}.expression`, 'expression is not specified'));
    if (messageExpression && isBlank(messageExpression))
      errors.push(
        invalidValue(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'),
      );
    if (message && isBlank(message))
      errors.push(invalidValue(`${path}.message`, message, 'message must be non-empty if specified'));
    else if (message && /[\n\r]/.test(message.trim()))
      errors.push(invalidValue(`${path}.message`, message, 'message must not contain line breaks'));
    if (reason !== undefined && !REASONS.some((known) => known === reason))
      errors.push(notSupported(`${path}.reason`, reason, REASONS));
    return errors;
  });
}

function annotationErrors(
  annotations: NonNullable<PolicySpec['auditAnnotations']>,
  policyName: string,
): FieldError[] {
  const path = 'spec.auditAnnotations';
  const errors = annotations.flatMap(({ key, valueExpression }, index) => {
    const value = `${path}[${index}].valueExpression`;
    const name = `${policyName}/${key}`;
    const keyErrors = checked(`${path}[${index}].key`, name, checkQualifiedName(name));
    if (isBlank(valueExpression)) return [...keyErrors, required(value, 'valueExpression is not specified')];
    const isLong = valueExpression.trim().length > VALUE_EXPRESSION_LENGTH_MAX;
    const detail = `must not exceed ${VALUE_EXPRESSION_LENGTH_MAX} bytes in length`;
    return isLong ? [...keyErrors, required(value, detail)] : keyErrors;
  });
  const keys = annotations.map(({ key }) => key);
  const tooMany = `must not have more than ${AUDIT_ANNOTATIONS_MAX} auditAnnotations`;
  return [
    ...(keys.length > AUDIT_ANNOTATIONS_MAX ? [invalidValue(path, annotations, tooMany)] : []),
    ...errors,
    ...repeated(keys, (index) => `${path}[${index}].key`),
  ];
}

/** What does not compile, where nothing else is wrong with it. */
function compilationErrors(spec: PolicySpec, others: readonly FieldError[]): FieldError[] {
  const known = new Set(others.map(({ field }) => field));
  return compilePolicy(spec).all.flatMap(({ field, expression: { text, error } }) =>
    error === undefined || known.has(field) ? [] : [invalidValue(field, text, error)],
  );
}

function specErrors(spec: PolicySpec, policyName: string): FieldError[] {
  const { failurePolicy = '', paramKind, matchConstraints } = spec;
  const { validations = [], auditAnnotations = [], matchConditions = [], variables = [] } = spec;
  const oneOfBoth = 'validations or auditAnnotations must contain at least one item';
  const rules = 'spec.matchConstraints.resourceRules';
  const errors = [
    ...(FAILURE_POLICIES.some((known) => known === failurePolicy)
      ? []
      : [notSupported('spec.failurePolicy', failurePolicy, FAILURE_POLICIES)]),
    ...(paramKind === undefined ? [] : paramKindErrors(paramKind)),
    ...(matchConstraints === undefined
      ? [required('spec.matchConstraints')]
      : matchResourcesErrors(matchConstraints, 'spec.matchConstraints')),
    ...(matchConstraints !== undefined && (matchConstraints.resourceRules ?? []).length === 0
      ? [required(rules)]
      : []),
    ...conditionErrors(matchConditions),
    ...variableErrors(variables),
    ...(validations.length + auditAnnotations.length === 0
      ? [required('spec.validations', oneOfBoth), required('spec.auditAnnotations', oneOfBoth)]
      : []),
    ...validationErrors(validations),
    ...annotationErrors(auditAnnotations, policyName),
  ];
  return [...errors, ...compilationErrors(spec, errors)];
}

/** ValidatingAdmissionPolicies: their form, and that every expression compiles. */
export const admissionPolicies: AdmissionRule = ({ definition, object, previous }) => {
  if (definition.group !== ADMISSION_GROUP || definition.kind !== 'ValidatingAdmissionPolicy') return [];
  const { spec = {}, metadata } = object as ValidatingAdmissionPolicy;
  const before = previous as ValidatingAdmissionPolicy | undefined;
  if (before !== undefined && isDeepStrictEqual(before.spec ?? {}, spec)) return [];
  return specErrors(spec, metadata.name ?? '');
};
