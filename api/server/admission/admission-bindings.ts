import { ADMISSION_GROUP } from '../../../crds/meta/admission.ts';
import type {
  ParamRef,
  ValidatingAdmissionPolicyBinding,
} from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import { checkDnsSubdomain, checkPathSegment } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, forbiddenValue, invalidValue, notSupported, required } from './errors.ts';
import { selectorErrors } from './label-selectors.ts';
import { matchResourcesErrors } from './match-resources.ts';
import type { AdmissionRule } from './rule.ts';

/*
 * Source: kubernetes pkg/apis/admissionregistration/validation/validation.go
 */

const ACTIONS = ['Audit', 'Deny', 'Warn'] as const;
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'] as const;
const EXCLUSIVE = 'name and selector are mutually exclusive';

function paramRefErrors({ name = '', selector, parameterNotFoundAction = '' }: ParamRef): FieldError[] {
  const path = 'spec.paramRef';
  const action = `${path}.parameterNotFoundAction`;
  const isKnown = NOT_FOUND_ACTIONS.some((known) => known === parameterNotFoundAction);
  const actionErrors = isKnown ? [] : [notSupported(action, parameterNotFoundAction, NOT_FOUND_ACTIONS)];
  return [
    ...checked(`${path}.name`, name, checkPathSegment(name)),
    ...(selector === undefined ? [] : selectorErrors(selector, `${path}.selector`)),
    ...(name !== '' && selector !== undefined
      ? [forbiddenValue(`${path}.name`, EXCLUSIVE), forbiddenValue(`${path}.selector`, EXCLUSIVE)]
      : []),
    ...(name === '' && selector === undefined
      ? [required(path, 'one of name or selector must be specified')]
      : []),
    ...(parameterNotFoundAction === '' ? [required(action)] : actionErrors),
  ];
}

function actionErrors(actions: readonly string[]): FieldError[] {
  const path = 'spec.validationActions';
  const errors = actions.flatMap((action, index): FieldError[] => {
    const field = `${path}[${index}]`;
    return [
      ...(ACTIONS.some((known) => known === action) ? [] : [notSupported(field, action, ACTIONS)]),
      ...(actions.indexOf(action) === index
        ? []
        : [{ field, type: 'FieldValueDuplicate' as const, value: action, detail: '' }]),
    ];
  });
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalidValue(path, actions, detail));
  }
  if (actions.length === 0) errors.push(required(path, 'at least one validation action is required'));
  return errors;
}

/** The form of ValidatingAdmissionPolicyBindings. The policy need not be there. */
export const admissionBindings: AdmissionRule = ({ definition, object }) => {
  if (definition.group !== ADMISSION_GROUP || definition.kind !== 'ValidatingAdmissionPolicyBinding')
    return [];
  const { spec = {} } = object as ValidatingAdmissionPolicyBinding;
  const { policyName = '', paramRef, matchResources, validationActions = [] } = spec;
  return [
    ...(policyName === ''
      ? [required('spec.policyName')]
      : checked('spec.policyName', policyName, checkDnsSubdomain(policyName))),
    ...(paramRef === undefined ? [] : paramRefErrors(paramRef)),
    ...(matchResources === undefined ? [] : matchResourcesErrors(matchResources, 'spec.matchResources')),
    ...actionErrors(validationActions),
  ];
};
