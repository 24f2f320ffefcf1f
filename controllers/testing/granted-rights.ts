import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ApiClient } from '../../api/client/index.ts';
import { clusterRoleDefinition } from '../../crds/clusterrole/definition.ts';
import { clusterRoleBindingDefinition } from '../../crds/clusterrolebinding/definition.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { roleBindingDefinition } from '../../crds/rolebinding/definition.ts';

/** A request as the audit log has it. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  /** With its subresource after a slash. */
  readonly resource: string;
  readonly namespace: string;
  /** Of a list or a watch: the one that it selects by name. */
  readonly name: string;
  readonly isRefused: boolean;
}

const line = z.object({
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string() }),
  impersonatedUser: z.object({ username: z.string() }).optional(),
  objectRef: z
    .object({
      apiGroup: z.string().default(''),
      resource: z.string(),
      subresource: z.string().optional(),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .optional(),
  annotations: z.record(z.string(), z.string()).default({}),
});

function selectedName(requestUri: string): string {
  const selector = new URL(requestUri, 'https://holt').searchParams.get('fieldSelector') ?? '';
  return /(?:^|,)metadata\.name=([^,]*)/.exec(selector)?.[1] ?? '';
}

/** Taking on an account is a right of its own. */
function impersonationOf(user: string, [, namespace = '', name = '']: RegExpMatchArray): AuditedRequest {
  const resource = 'serviceaccounts';
  return { user, verb: 'impersonate', group: '', resource, namespace, name, isRefused: false };
}

/** The requests for resources in an audit log; whoever was impersonated counts as the user. */
export async function readAuditedRequests(file: string): Promise<AuditedRequest[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((each) => each !== '')
    .flatMap((each) => {
      const event = line.parse(JSON.parse(each));
      const { objectRef } = event;
      if (objectRef === undefined) return [];
      const { apiGroup, resource, subresource, namespace, name } = objectRef;
      const request = {
        user: event.impersonatedUser?.username ?? event.user.username,
        verb: event.verb,
        group: apiGroup,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        namespace,
        name: name === '' ? selectedName(event.requestURI) : name,
        isRefused: event.annotations['authorization.k8s.io/decision'] === 'forbid',
      };
      const account = event.impersonatedUser?.username.match(/^system:serviceaccount:([^:]+):([^:]+)$/);
      return account === undefined || account === null
        ? [request]
        : [request, impersonationOf(event.user.username, account)];
    });
}

/** One verb on one resource, by one role. */
export interface GrantedRight {
  readonly role: string;
  readonly namespace: string | undefined;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly names: readonly string[];
}

const roleRules = z.array(
  z.object({
    verbs: z.array(z.string()),
    apiGroups: z.array(z.string()).default([]),
    resources: z.array(z.string()).default([]),
    resourceNames: z.array(z.string()).default([]),
  }),
);

const bindingFields = z.object({
  roleRef: z.object({ name: z.string() }),
  subjects: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
});

/** All that bindings to the user's own name grant, one by one. */
export async function rightsOf(client: ApiClient, user: string): Promise<GrantedRight[]> {
  const bindings = [
    ...(await client.listAll<ApiObject>(clusterRoleBindingDefinition)).items,
    ...(await client.listAll<ApiObject>(roleBindingDefinition)).items,
  ];
  const rights: GrantedRight[] = [];
  for (const binding of bindings) {
    const { roleRef, subjects } = bindingFields.parse(binding);
    if (!subjects.some(({ kind, name }) => kind === 'User' && name === user)) continue;
    const role = await client.get<ApiObject>(clusterRoleDefinition, { name: roleRef.name });
    for (const { verbs, apiGroups, resources, resourceNames } of roleRules.parse(role.rules)) {
      for (const verb of verbs)
        for (const group of apiGroups)
          for (const resource of resources)
            rights.push({
              role: roleRef.name,
              namespace: binding.metadata.namespace,
              verb,
              group,
              resource,
              names: resourceNames,
            });
    }
  }
  return rights;
}

/** Whether a request made use of a right. */
export function uses(request: AuditedRequest, right: GrantedRight): boolean {
  const fits = (granted: string, asked: string) => granted === '*' || granted === asked;
  return (
    right.verb === request.verb &&
    fits(right.group, request.group) &&
    fits(right.resource, request.resource) &&
    (right.names.length === 0 || right.names.includes(request.name)) &&
    (right.namespace === undefined || right.namespace === request.namespace)
  );
}
