import { apiVersionOf } from '../../../crds/meta/resource-definition.ts';
import type { PolicySpec } from '../../../crds/validatingadmissionpolicy/definition.ts';
import { celTypeOf } from '../cel/schema-types.ts';
import type { Resource, ResourceCatalog } from '../http/resource.ts';
import { compilePolicy } from './compile-policy.ts';
import { policyEnvironment } from './environment.ts';
import { paramResource } from './params.ts';

/** Source: maxTypesToCheck in k8s.io/apiserver/pkg/admission/plugin/policy/validating/typechecking.go */
const TYPES_MAX = 10;

export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

function hasWildcard(texts: readonly string[]): boolean {
  return texts.some((text) => text.includes('*'));
}

function sortKey({ definition: { group, version, kind } }: Resource): string {
  return [group, version, kind].join('\0');
}

/** The kinds that a policy names one by one, as far as they are served. */
function typesToCheck(spec: PolicySpec, catalog: ResourceCatalog): Resource[] {
  const found = new Set<Resource>();
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    const { apiGroups = [], apiVersions = [], resources = [] } = rule;
    if (hasWildcard(apiGroups) || hasWildcard(apiVersions)) continue;
    for (const group of apiGroups.toSorted())
      for (const version of apiVersions.toSorted())
        for (const plural of resources.filter((text) => !/[*/]/.test(text)).toSorted()) {
          const resource = catalog.find(group, version, plural);
          if (resource !== undefined && found.size < TYPES_MAX) found.add(resource);
        }
  }
  return [...found].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** What does not compile where objects have the types of one kind, by the field. */
function issuesFor(spec: PolicySpec, resource: Resource, params: Resource | undefined): Map<string, string> {
  const environment = policyEnvironment().environment.clone();
  const types = {
    object: celTypeOf(environment, resource.structural).name,
    params: params === undefined ? 'dyn' : celTypeOf(environment, params.structural).name,
  };
  const { all } = compilePolicy(spec, environment, types);
  return new Map(
    all.flatMap(({ field, expression: { issue } }) => (issue === undefined ? [] : [[field, issue] as const])),
  );
}

/**
 * What of a policy's validations does not fit the types of the kinds that it names. What it finds changes nothing of
 * what the policy does.
 */
export function typeWarnings(spec: PolicySpec, catalog: ResourceCatalog): ExpressionWarning[] {
  const params = spec.paramKind && paramResource(catalog, spec.paramKind);
  const checked = typesToCheck(spec, catalog).map((resource) => ({
    kind: `${apiVersionOf(resource.definition)}, Kind=${resource.definition.kind}`,
    issues: issuesFor(spec, resource, params),
  }));
  const fields = (spec.validations ?? []).flatMap((_, index) =>
    ['expression', 'messageExpression'].map((name) => `spec.validations[${index}].${name}`),
  );
  return fields.flatMap((fieldRef) => {
    const lines = checked.flatMap(({ kind, issues }) => {
      const issue = issues.get(fieldRef);
      return issue === undefined ? [] : [`${kind}: ${issue}\n`];
    });
    return lines.length === 0 ? [] : [{ fieldRef, warning: lines.join('\n') }];
  });
}
