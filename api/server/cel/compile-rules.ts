import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { FieldError } from '../schema/field-error.ts';
import { elementPath, fieldPath } from '../schema/field-path.ts';
import { type CompiledRule, compileLevel, type RuleValues } from './compile-rule.ts';
import { OBJECT_COST_MAX } from './cost.ts';
import { asResource } from './schema-types.ts';

/** The rules in a schema, all levels. */
export interface CompiledRules {
  /** Rules that do not compile, by their place in the schema. */
  readonly errors: readonly FieldError[];
  /** Asks every rule about an object that its schema takes. Never throws on bad input. */
  validate(object: unknown, previous: unknown): FieldError[];
}

/** Rules at one level, and the levels below that have any. */
interface Level {
  readonly schema: StructuralSchema;
  readonly rules: readonly CompiledRule[];
  readonly fields: ReadonlyMap<string, Level>;
  readonly items: Level | undefined;
  readonly entries: Level | undefined;
}

/**
 * Prepares the `x-kubernetes-validations` of a schema.
 * @param path of the schema, for errors: `spec.versions[0].schema.openAPIV3Schema`
 */
export function compileRules(schema: StructuralSchema, path = ''): CompiledRules {
  const errors: FieldError[] = [];
  const root = compileTree(asResource(schema), { path, errors, uncorrelated: undefined });
  return {
    errors,
    validate(object, previous) {
      const old = previous === undefined ? undefined : { value: previous };
      return root === undefined ? [] : new Walk().run(root, { self: object, old });
    },
  };
}

/** A place in a schema. */
interface Place {
  readonly path: string;
  readonly errors: FieldError[];
  /** The uppermost place whose children have no old selves; undefined where there is none. */
  readonly uncorrelated: string | undefined;
}

/** What the use of old values at a place says wrong, in upstream's words. */
function oldValueErrors(
  schema: StructuralSchema,
  rule: CompiledRule,
  { path, uncorrelated }: Place,
): FieldError[] {
  const given = schema['x-kubernetes-validations']?.[rule.index];
  const at = elementPath(fieldPath(path, 'x-kubernetes-validations'), rule.index);
  const type = 'FieldValueInvalid';
  if (rule.usesOld) {
    if (uncorrelated === undefined) return [];
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [{ field: fieldPath(at, 'rule'), type, value: given?.rule, detail }];
  }
  if (given?.optionalOldSelf === undefined) return [];
  const detail = 'may not be set if oldSelf is not used in rule';
  return [{ field: fieldPath(at, 'optionalOldSelf'), type, value: given.optionalOldSelf, detail }];
}

/** Where the children of a level lose their old selves, if they do. */
function uncorrelatedBelow(schema: StructuralSchema, { path, uncorrelated }: Place): string | undefined {
  const isLost =
    schema.type === 'array'
      ? schema['x-kubernetes-list-type'] !== 'map'
      : schema['x-kubernetes-map-type'] === 'atomic' && schema.additionalProperties === undefined;
  return uncorrelated ?? (isLost ? path : undefined);
}

function compileTree(schema: StructuralSchema, place: Place): Level | undefined {
  const { path, errors } = place;
  const validations = schema['x-kubernetes-validations'] ?? [];
  const rules =
    validations.length === 0
      ? []
      : compileLevel(schema, (index, field, detail) => {
          const at = fieldPath(elementPath(fieldPath(path, 'x-kubernetes-validations'), index), field);
          errors.push({ field: at, type: 'FieldValueInvalid', value: validations[index], detail });
        });
  for (const rule of rules) errors.push(...oldValueErrors(schema, rule, place));
  const uncorrelated = uncorrelatedBelow(schema, place);
  const fields = new Map<string, Level>();
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const at = elementPath(fieldPath(path, 'properties'), name);
    const level = compileTree(child, { path: at, errors, uncorrelated });
    if (level !== undefined) fields.set(name, level);
  }
  const below = (child: StructuralSchema | undefined, name: string) =>
    child === undefined
      ? undefined
      : compileTree(child, { path: fieldPath(path, name), errors, uncorrelated });
  const items = below(schema.items, 'items');
  const entries = below(schema.additionalProperties, 'additionalProperties');
  if (rules.length === 0 && fields.size === 0 && items === undefined && entries === undefined)
    return undefined;
  return { schema, rules, fields, items, entries };
}

/** One object's validation: it ends when the object's budget does. */
class Walk {
  #budget = OBJECT_COST_MAX;
  readonly #errors: FieldError[] = [];

  run(root: Level, values: RuleValues): FieldError[] {
    this.#visit(root, values, '');
    return this.#errors;
  }

  #visit(level: Level, { self, old }: RuleValues, path: string): void {
    if (self === undefined || (self === null && level.schema.nullable !== true)) return;
    for (const rule of level.rules) this.#ask(level, rule, { values: { self, old }, path });
    if (isRecord(self)) this.#visitObject(level, { self, old }, path);
    if (Array.isArray(self) && level.items !== undefined) {
      const correlate = correlation(level.schema, old?.value);
      for (const [index, each] of self.entries())
        this.#visit(level.items, { self: each, old: correlate(each) }, elementPath(path, index));
    }
  }

  #visitObject(level: Level, { self, old }: RuleValues, path: string): void {
    if (!isRecord(self)) return;
    const before = (name: string) =>
      isRecord(old?.value) && Object.hasOwn(old.value, name) ? { value: old.value[name] } : undefined;
    for (const [name, child] of level.fields)
      this.#visit(
        child,
        { self: Object.hasOwn(self, name) ? self[name] : undefined, old: before(name) },
        fieldPath(path, name),
      );
    if (level.entries === undefined) return;
    for (const [name, each] of Object.entries(self))
      this.#visit(level.entries, { self: each, old: before(name) }, elementPath(path, name));
  }

  #ask({ schema }: Level, rule: CompiledRule, at: { values: RuleValues; path: string }): void {
    if (this.#budget < 0 || (rule.isTransition && at.values.old === undefined)) return;
    const { error, cost } = rule.ask(at.values, at.path);
    this.#budget -= cost;
    if (error !== undefined && !isRatcheted(rule, at.values)) this.#errors.push(error);
    if (this.#budget >= 0) return;
    const detail =
      'validation failed due to running out of cost budget, no further validation rules will be run';
    this.#errors.push({ field: at.path, type: 'FieldValueInvalid', value: schema.type ?? '', detail });
  }
}

/**
 * A value that was stored before its rule does not stand in the way of other changes.
 * Source: kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions (validation ratcheting)
 */
function isRatcheted({ usesOld }: CompiledRule, { self, old }: RuleValues): boolean {
  return !usesOld && old !== undefined && isDeepStrictEqual(self, old.value);
}

/** Finds the old item that a list's item stands for: by its keys in a map list; other lists have none. */
function correlation(
  schema: StructuralSchema,
  old: unknown,
): (item: unknown) => { value: unknown } | undefined {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !Array.isArray(old))
    return () => undefined;
  const keyOf = (item: unknown) =>
    JSON.stringify(keys.map((key) => (isRecord(item) ? item[key] : undefined)));
  const byKey = new Map(old.map((item: unknown) => [keyOf(item), { value: item }]));
  return (item) => byKey.get(keyOf(item));
}
