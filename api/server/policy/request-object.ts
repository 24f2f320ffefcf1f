import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { User } from '../auth/user.ts';
import type { PolicyWrite } from './policy-write.ts';

const text: StructuralSchema = { type: 'string' };
const texts: StructuralSchema = { type: 'array', items: text };

function fields(...names: readonly string[]): StructuralSchema {
  return { type: 'object', properties: Object.fromEntries(names.map((name) => [name, text])) };
}

const KIND = fields('group', 'version', 'kind');
const RESOURCE = fields('group', 'version', 'resource');

/** The type of `request`. Source: BuildRequestType in k8s.io/apiserver/pkg/admission/plugin/cel/compile.go */
export const REQUEST_SCHEMA: StructuralSchema = {
  type: 'object',
  properties: {
    kind: KIND,
    resource: RESOURCE,
    subResource: text,
    requestKind: KIND,
    requestResource: RESOURCE,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo: {
      type: 'object',
      properties: {
        username: text,
        uid: text,
        groups: texts,
        extra: { type: 'object', additionalProperties: texts },
      },
    },
    dryRun: { type: 'boolean' },
    options: { 'x-kubernetes-preserve-unknown-fields': true },
  },
};

function given(values: Readonly<Record<string, string>>): JsonRecord {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

function userInfo({ name, uid = '', groups, extra }: User): JsonRecord {
  return { ...given({ username: name, uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

/**
 * What expressions know as `request`.
 * @param version of the kind that the policy looks at it in
 */
export function requestObject(write: PolicyWrite, version: string): JsonRecord {
  const { group, plural, subresource, kind } = write;
  const isOwnKind = kind.group === group && kind.version === write.version;
  return {
    kind: { ...kind, version: isOwnKind ? version : kind.version },
    resource: { group, version, resource: plural },
    requestKind: { ...kind },
    requestResource: { group, version: write.version, resource: plural },
    ...given({ subResource: subresource, requestSubResource: subresource }),
    ...given({ name: write.name, namespace: write.namespace }),
    operation: write.operation,
    userInfo: userInfo(write.user),
    dryRun: write.dryRun,
    options: write.options,
  };
}
