import type { ClusterRoleBinding } from '../../../crds/clusterrolebinding/definition.ts';
import type { ConfigMap } from '../../../crds/configmap/definition.ts';
import type { MatchResources } from '../../../crds/meta/admission.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { RBAC_GROUP, type RoleRef, type Subject } from '../../../crds/meta/rbac.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import type { ResourceQuota } from '../../../crds/resourcequota/definition.ts';
import type { RoleBinding } from '../../../crds/rolebinding/definition.ts';
import { SECRET_TYPES, type Secret } from '../../../crds/secret/definition.ts';
import type { Service } from '../../../crds/service/definition.ts';
import type { ValidatingAdmissionPolicy } from '../../../crds/validatingadmissionpolicy/definition.ts';
import type { ValidatingAdmissionPolicyBinding } from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';
import { badRequest } from '../http/errors.ts';
import { isBase64 } from '../schema/base64.ts';

/** A kind's normal form; the object is the caller's own and is changed in place. */
type Normalize = (object: ApiObject) => void;

function cannotDecode(object: ApiObject, why: string) {
  return badRequest(
    `${object.kind} in version "${object.apiVersion}" cannot be handled as a ${object.kind}: ${why}`,
  );
}

/** Bytes that cannot be read are an error of the request, not of the object. */
function checkBase64(object: ApiObject, data: Readonly<Record<string, string>> = {}): void {
  for (const value of Object.values(data)) {
    if (isBase64(value)) continue;
    const wrongAt = value.search(/[^A-Za-z0-9+/=\r\n]/);
    const byte = wrongAt === -1 ? value.length - (value.length % 4) : wrongAt;
    throw cannotDecode(object, `illegal base64 data at input byte ${byte}`);
  }
}

/** Text goes into data, where it wins over bytes of the same key. Source: SetDefaults and conversion of core/v1 Secret */
function normalizeSecret(secret: Secret): void {
  checkBase64(secret, secret.data);
  secret.type ||= SECRET_TYPES.opaque;
  const { stringData } = secret;
  if (stringData === undefined) return;
  delete secret.stringData;
  const texts = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  if (texts.length > 0) secret.data = { ...secret.data, ...Object.fromEntries(texts) };
}

/** Users, groups and roles are of the RBAC group. Source: kubernetes pkg/apis/rbac/v1/defaults.go */
function normalizeBinding(binding: RoleBinding | ClusterRoleBinding): void {
  const roleRef: Partial<RoleRef> | undefined = binding.roleRef;
  if (roleRef !== undefined) roleRef.apiGroup ||= RBAC_GROUP;
  for (const subject of binding.subjects ?? []) normalizeSubject(subject);
}

function normalizeSubject(subject: Subject): void {
  if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= RBAC_GROUP;
}

/** Quantities are stored in canonical form, as in Kubernetes: `1000m` is `1`. */
function normalizeQuota(quota: ResourceQuota): void {
  for (const list of [quota.spec?.hard, quota.status?.hard, quota.status?.used]) {
    for (const [name, quantity] of Object.entries(list ?? {})) {
      const exact = ExactQuantity.parse(String(quantity));
      if (exact === undefined) {
        throw cannotDecode(
          quota,
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
      }
      if (list !== undefined) list[name] = exact.toString();
    }
  }
}

/** Source: SetDefaults_Service in kubernetes pkg/apis/core/v1/defaults.go */
function normalizeService(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  spec.type ||= 'ClusterIP';
  spec.sessionAffinity ||= 'None';
  for (const port of spec.ports ?? []) port.targetPort ||= port.port;
  if (spec.type !== 'ClusterIP') return;
  spec.internalTrafficPolicy ??= 'Cluster';
  const { clusterIP = spec.clusterIPs?.[0] } = spec;
  if (clusterIP === undefined || clusterIP === '') return;
  spec.clusterIP = clusterIP;
  spec.clusterIPs ??= [clusterIP];
}

/** Source: kubernetes pkg/apis/admissionregistration/v1/defaults.go */
function normalizeMatchResources(resources: MatchResources | undefined): void {
  if (resources === undefined) return;
  resources.matchPolicy ??= 'Equivalent';
  resources.namespaceSelector ??= {};
  resources.objectSelector ??= {};
  const { resourceRules = [], excludeResourceRules = [] } = resources;
  for (const rule of [...resourceRules, ...excludeResourceRules]) rule.scope ??= '*';
}

function normalizeAdmissionPolicy(policy: ValidatingAdmissionPolicy): void {
  policy.spec ??= {};
  policy.spec.failurePolicy ??= 'Fail';
  normalizeMatchResources(policy.spec.matchConstraints);
}

const NORMALIZERS: Readonly<Record<string, Normalize>> = {
  ConfigMap: (object) => checkBase64(object, (object as ConfigMap).binaryData),
  Secret: (object) => normalizeSecret(object as Secret),
  RoleBinding: (object) => normalizeBinding(object as RoleBinding),
  ClusterRoleBinding: (object) => normalizeBinding(object as ClusterRoleBinding),
  Service: (object) => normalizeService(object as Service),
  ResourceQuota: (object) => normalizeQuota(object as ResourceQuota),
  ValidatingAdmissionPolicy: (object) => normalizeAdmissionPolicy(object as ValidatingAdmissionPolicy),
  ValidatingAdmissionPolicyBinding: (object) =>
    normalizeMatchResources((object as ValidatingAdmissionPolicyBinding).spec?.matchResources),
};

/**
 * Brings a valid object of a built-in kind into the form that is stored: what is only written is put where it is
 * read, and what depends on other fields is defaulted.
 * @throws StatusError 400 for data that cannot be decoded
 */
export function normalize(definition: ResourceInfo, object: ApiObject): void {
  if (definition.builtIn && Object.hasOwn(NORMALIZERS, definition.kind))
    NORMALIZERS[definition.kind]?.(object);
}
