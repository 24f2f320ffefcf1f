import type { StructuralSchema, ValidationRule } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from '../schema/field-error.ts';
import { elementPath, fieldPath } from '../schema/field-path.ts';
import { type DeclaredSize, declaredSize, occurrencesMax } from './declared-size.ts';
import { times } from './estimate-call.ts';
import { estimateCost } from './estimate-cost.ts';
import { createEnvironment } from './library.ts';
import { asResource, celTypeOf } from './schema-types.ts';

/*
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/{validation,cel_validation}.go
 */

/** StaticEstimatedCostLimit: of one rule, over all places where it may be asked. */
const RULE_COST_MAX = 10_000_000;
/** StaticEstimatedCRDCostLimit: of all rules of a schema. */
const SCHEMA_COST_MAX = 100_000_000;
/** Upstream's costs are whole numbers that end here. */
const COST_END = 2 ** 64;
const TOLD_MAX = 4;

interface RuleCost {
  readonly field: string;
  readonly what: 'estimated rule cost' | 'estimated messageExpression cost';
  readonly cost: number;
}

function tooDear(field: string, what: string, cost: number, most: number): FieldError {
  const factor = cost / most;
  const shown = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  const detail = `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
  return { field, type: 'FieldValueForbidden', detail };
}

/** Rules at one place in a schema: what they cost at most where an object has it `count` times. */
function levelCosts(schema: StructuralSchema, path: string, count: number | undefined): RuleCost[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  const size = rules.length === 0 ? undefined : declaredSize(schema);
  if (size === undefined) return [];
  const base = createEnvironment();
  const type = celTypeOf(base, schema).name;
  return rules.flatMap((rule, index) => {
    const at = elementPath(fieldPath(path, 'x-kubernetes-validations'), index);
    const old = rule.optionalOldSelf === true ? `optional<${type}>` : type;
    const environment = base.clone().registerVariable('self', type).registerVariable('oldSelf', old);
    const costOf = (text: string) => {
      const parsed = environment.parse(text);
      // One that does not compile is told as such.
      return parsed.check().valid ? estimateCost(parsed.ast, variables(size)) : 0;
    };
    return ruleCosts(rule, at, { costOf, count: count ?? occurrencesMax(size) });
  });
}

function variables(size: DeclaredSize): ReadonlyMap<string, DeclaredSize> {
  return new Map([
    ['self', size],
    ['oldSelf', size],
  ]);
}

function ruleCosts(
  { rule, messageExpression }: ValidationRule,
  at: string,
  { costOf, count }: { costOf: (text: string) => number; count: number },
): RuleCost[] {
  const known = (text: string) => {
    try {
      return Math.min(costOf(text), COST_END);
    } catch {
      return 0;
    }
  };
  const cost = Math.min(times(known(rule), count), COST_END);
  const costs: RuleCost[] = [{ field: fieldPath(at, 'rule'), what: 'estimated rule cost', cost }];
  if (messageExpression === undefined) return costs;
  return [
    ...costs,
    {
      field: fieldPath(at, 'messageExpression'),
      what: 'estimated messageExpression cost',
      cost: known(messageExpression),
    },
  ];
}

/** How many children of one kind a value may have; undefined where nothing bounds them. */
function childrenMax({ type, additionalProperties, maxProperties, maxItems }: StructuralSchema) {
  if (type === 'array') return maxItems;
  return additionalProperties === undefined ? 1 : maxProperties;
}

function treeCosts(schema: StructuralSchema, path: string, count: number | undefined): RuleCost[] {
  const most = childrenMax(schema);
  const below = count === undefined || most === undefined ? undefined : count * most;
  const { items, additionalProperties, properties = {} } = schema;
  const propertiesPath = fieldPath(path, 'properties');
  return [
    ...levelCosts(schema, path, count),
    ...Object.entries(properties).flatMap(([name, child]) =>
      treeCosts(child, elementPath(propertiesPath, name), below),
    ),
    ...(items === undefined ? [] : treeCosts(items, fieldPath(path, 'items'), below)),
    ...(additionalProperties === undefined
      ? []
      : treeCosts(additionalProperties, fieldPath(path, 'additionalProperties'), below)),
  ];
}

/**
 * Rules that may become too dear for the sizes that a schema allows: each by itself, and all of them.
 * @param path of the schema: `spec.versions[0].schema.openAPIV3Schema`
 */
export function costErrors(schema: StructuralSchema, path: string): FieldError[] {
  const costs = treeCosts(asResource(schema), path, 1);
  const errors = costs
    .filter(({ cost }) => cost > RULE_COST_MAX)
    .map(({ field, what, cost }) => tooDear(field, what, cost, RULE_COST_MAX));
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= SCHEMA_COST_MAX) return errors;
  const dearest = costs
    .filter(({ cost }) => cost >= SCHEMA_COST_MAX / 100)
    .sort((a, b) => b.cost - a.cost)
    .slice(0, TOLD_MAX);
  const contributed =
    'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
  return [
    ...errors,
    ...dearest.map(({ field }): FieldError => {
      return { field, type: 'FieldValueForbidden', detail: contributed };
    }),
    tooDear(
      path,
      'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
      total,
      SCHEMA_COST_MAX,
    ),
  ];
}
