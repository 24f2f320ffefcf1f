import { isDeepStrictEqual } from 'node:util';
import { RBAC_GROUP, type RoleRef, type Subject } from '../../../crds/meta/rbac.ts';
import type { RoleBinding } from '../../../crds/rolebinding/definition.ts';
import { checkDnsSubdomain, checkPathSegment } from '../schema/names.ts';
import type { FieldError } from '../schema/structural.ts';
import { checked, invalidValue, notSupported, required } from './errors.ts';
import type { AdmissionRule } from './rule.ts';

const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'] as const;

function roleRefErrors(roleRef: Partial<RoleRef>, kinds: readonly string[]): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = roleRef;
  return [
    ...(apiGroup === RBAC_GROUP ? [] : [notSupported('roleRef.apiGroup', apiGroup, [RBAC_GROUP])]),
    ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
    ...(name === '' ? [required('roleRef.name')] : checked('roleRef.name', name, checkPathSegment(name))),
  ];
}

function subjectErrors(subject: Partial<Subject>, isNamespaced: boolean, path: string): FieldError[] {
  const { kind = '', apiGroup = '', name = '', namespace = '' } = subject;
  const errors = name === '' ? [required(`${path}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...checked(`${path}.name`, name, checkDnsSubdomain(name)));
      if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!isNamespaced && namespace === '') errors.push(required(`${path}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC_GROUP) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]));
      return errors;
    default:
      return [...errors, notSupported(`${path}.kind`, kind, SUBJECT_KINDS)];
  }
}

/** Role and subjects of bindings; the role never changes. Source: kubernetes pkg/apis/rbac/validation/validation.go */
export const roleBindings: AdmissionRule = ({ definition, object, previous }) => {
  if (definition.group !== RBAC_GROUP || !definition.kind.endsWith('RoleBinding')) return [];
  const { roleRef, subjects = [] } = object as RoleBinding;
  const kinds = definition.namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const hasMoved = previous !== undefined && !isDeepStrictEqual(roleRef, (previous as RoleBinding).roleRef);
  return [
    ...roleRefErrors(roleRef ?? {}, kinds),
    ...subjects.flatMap((subject, index) =>
      subjectErrors(subject, definition.namespaced, `subjects[${index}]`),
    ),
    ...(hasMoved ? [invalidValue('roleRef', roleRef, 'cannot change roleRef')] : []),
  ];
};
