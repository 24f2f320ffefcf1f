import type { LabelSelector } from '../../../crds/meta/label-selector.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ValidatingAdmissionPolicy } from '../../../crds/validatingadmissionpolicy/definition.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import type { Column } from './columns.ts';
import { AGE, column, NAME } from './simple-columns.ts';

/*
 * Source: kubernetes 1.32 pkg/printers/internalversion/printers.go
 */

const UNSET = '<unset>';

function paramKind(object: ApiObject): string {
  const kind = (object as ValidatingAdmissionPolicy).spec?.paramKind;
  return kind === undefined ? UNSET : `${kind.apiVersion}/${kind.kind}`;
}

/** The columns of ValidatingAdmissionPolicies. */
export const POLICY_COLUMNS: readonly Column[] = [
  NAME,
  column(
    { name: 'Validations', description: 'How many validations it has', type: 'integer' },
    (object) => ((object as ValidatingAdmissionPolicy).spec?.validations ?? []).length,
  ),
  column({ name: 'ParamKind', description: 'The kind of its parameters' }, paramKind),
  AGE,
];

/** As Go prints it. */
function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.entries(matchLabels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

function paramRef(object: ApiObject): string {
  const {
    name = '',
    namespace = '*',
    selector,
  } = (object as ValidatingAdmissionPolicyBinding).spec?.paramRef ?? {};
  if (name !== '') return `${namespace}/${name}`;
  return selector === undefined ? UNSET : selectorText(selector);
}

/** The columns of ValidatingAdmissionPolicyBindings. */
export const BINDING_COLUMNS: readonly Column[] = [
  NAME,
  column(
    { name: 'PolicyName', description: 'The policy that it binds' },
    (object) => (object as ValidatingAdmissionPolicyBinding).spec?.policyName ?? '',
  ),
  column({ name: 'ParamRef', description: 'Where the parameters are' }, paramRef),
  AGE,
];
