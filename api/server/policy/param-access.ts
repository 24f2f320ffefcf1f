import { isDeepStrictEqual } from 'node:util';
import { ADMISSION_GROUP } from '../../../crds/meta/admission.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import {
  type PolicySpec,
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicyDefinition,
} from '../../../crds/validatingadmissionpolicy/definition.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import { objectKey } from '../../storage/keys.ts';
import { type Attributes, isSuperuser } from '../auth/authorize.ts';
import type { FieldError } from '../schema/field-error.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { paramResource } from './params.ts';

type ParamKind = NonNullable<PolicySpec['paramKind']>;

/** What must be readable: one resource, or everything where it cannot be told which. */
function asked(request: WriteRequest, paramKind: ParamKind | undefined): Attributes {
  const resource = paramKind && paramResource(request.context.catalog, paramKind);
  const [group = '', version] = (paramKind?.apiVersion ?? '*/*').split('/');
  return {
    user: request.user,
    verb: 'get',
    group: version === undefined ? '' : group,
    resource: resource?.definition.plural ?? '*',
    subresource: '',
    namespace: '*',
    name: '*',
  };
}

function policyError(
  request: WriteRequest,
  { spec }: ValidatingAdmissionPolicy,
  previous: ValidatingAdmissionPolicy | undefined,
): FieldError[] {
  const paramKind = spec?.paramKind;
  if (paramKind === undefined || isDeepStrictEqual(paramKind, previous?.spec?.paramKind)) return [];
  if (request.context.authorize(asked(request, paramKind)).allowed) return [];
  const of = `kind=${paramKind.kind}, apiVersion=${paramKind.apiVersion}`;
  const detail = `user ${JSON.stringify(request.user.name)} must have "get" permission on all objects of the referenced paramKind (${of})`;
  return [{ field: 'spec.paramKind', type: 'FieldValueForbidden', detail }];
}

function bindingError(
  request: WriteRequest,
  { spec = {} }: ValidatingAdmissionPolicyBinding,
  previous: ValidatingAdmissionPolicyBinding | undefined,
): FieldError[] {
  const { paramRef, policyName = '' } = spec;
  const isSame = isDeepStrictEqual(
    [paramRef, policyName],
    [previous?.spec?.paramRef, previous?.spec?.policyName],
  );
  if (paramRef === undefined || isSame) return [];
  const { cache, authorize } = request.context;
  const stored = cache.get(objectKey(validatingAdmissionPolicyDefinition, undefined, policyName));
  const policy = stored?.object as ValidatingAdmissionPolicy | undefined;
  const { name = '', namespace = '' } = paramRef;
  const verb = name === '' ? 'list' : 'get';
  const attributes = { ...asked(request, policy?.spec?.paramKind), verb, name, namespace };
  if (authorize(attributes).allowed) return [];
  const who = `user ${JSON.stringify(request.user.name)} does not have ${JSON.stringify(verb)} permission`;
  const detail =
    policy === undefined
      ? `unable to get policy ${policyName} to determine minimum required permissions and ${who} for all groups, versions and resources`
      : `${who} on the object referenced by paramRef`;
  return [{ field: 'spec.paramRef', type: 'FieldValueForbidden', detail }];
}

/**
 * Who makes a policy look at objects must be able to read them: its message would tell what is in them.
 * Source: kubernetes pkg/registry/admissionregistration/validatingadmissionpolicy{,binding}/authz.go
 */
export function paramAccessErrors(
  request: WriteRequest,
  object: ApiObject,
  previous: ApiObject | undefined,
): FieldError[] {
  const { group, kind } = request.resource.definition;
  if (group !== ADMISSION_GROUP || isSuperuser(request.user)) return [];
  return kind === 'ValidatingAdmissionPolicy'
    ? policyError(
        request,
        object as ValidatingAdmissionPolicy,
        previous as ValidatingAdmissionPolicy | undefined,
      )
    : bindingError(
        request,
        object as ValidatingAdmissionPolicyBinding,
        previous as ValidatingAdmissionPolicyBinding | undefined,
      );
}
