import { parse as parseYaml } from 'yaml';
import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { StructuralSchema } from '../../../../crds/generate/structural-schema.ts';
import { applyFields } from '../apply-fields.ts';
import { typeErrors } from '../check-typed.ts';
import { pathsOf } from '../field-set.ts';
import { ConflictError, type Managers } from '../managers.ts';
import { formatPath } from '../path-element.ts';
import { updateFields } from '../update-fields.ts';

/** One write; `object` is YAML. */
export interface Step {
  readonly by: 'apply' | 'force' | 'update';
  readonly manager: string;
  readonly version: string;
  readonly object: string;
  /** `manager path` of each conflict that it must end in. */
  readonly conflicts?: readonly string[];
  /** Ends in an error of the configuration itself. */
  readonly fails?: RegExp;
  /** Versions that are served from here on; all where it is absent. */
  readonly serves?: readonly string[];
}

/** A sequence of writes, and what must come of it. */
export interface MergeCase {
  readonly name: string;
  readonly type: StructuralSchema;
  readonly steps: readonly Step[];
  readonly object?: string;
  /** `version path path ...` of each manager. */
  readonly managed?: Readonly<Record<string, string>>;
}

type Body = Pick<Step, 'conflicts' | 'fails' | 'serves'>;

function step(by: Step['by']) {
  return (manager: string, version: string, object: string, more: Body = {}): Step => {
    return { by, manager, version, object, ...more };
  };
}

export const apply = step('apply');
export const force = step('force');
export const update = step('update');

function parse(text: string): JsonRecord {
  const value: unknown = parseYaml(text);
  return isRecord(value) ? value : {};
}

interface State {
  readonly object: JsonRecord;
  readonly managers: Managers;
}

function run(state: State, { type }: MergeCase, { by, manager, version, object, serves }: Step): State {
  const sent = parse(object);
  const typeOf = (asked: string) => (serves === undefined || serves.includes(asked) ? type : undefined);
  const options = { apiVersion: version, typeOf, filter: <T>(set: T) => set };
  const [errors] = [typeErrors(sent, type)];
  if (by === 'update') {
    const change = { ...options, before: state.object, after: sent };
    return { object: sent, managers: updateFields(state.managers, change, manager).managers };
  }
  if (errors.length > 0) throw new TypeError(errors.join('\n'));
  return applyFields({
    ...options,
    live: state.object,
    config: sent,
    type,
    managers: state.managers,
    manager,
    force: by === 'force',
  });
}

/** What a case came to, in the words in which it says what it expects. */
export interface Outcome {
  readonly object: JsonRecord;
  readonly managed: Readonly<Record<string, string>>;
  /** What the steps with conflicts or failures ended in, in order. */
  readonly ends: readonly (readonly string[])[];
}

function conflictsOf({ conflicts }: ConflictError): string[] {
  return [...conflicts].flatMap(([manager, set]) =>
    pathsOf(set).map((path) => `${manager} ${formatPath(path)}`),
  );
}

/** Runs the steps of a case one after the other. */
export function outcomeOf(mergeCase: MergeCase): Outcome {
  let state: State = { object: {}, managers: new Map() };
  const ends: string[][] = [];
  for (const next of mergeCase.steps) {
    try {
      state = run(state, mergeCase, next);
    } catch (error) {
      if (error instanceof ConflictError && next.conflicts !== undefined)
        ends.push(conflictsOf(error).sort());
      else if (error instanceof TypeError && next.fails?.test(error.message)) ends.push(['fails']);
      else throw error;
    }
  }
  const managed = [...state.managers].map(([manager, { set, apiVersion }]): [string, string] => [
    manager,
    [apiVersion, ...pathsOf(set).map(formatPath).sort()].join(' '),
  ]);
  return { object: state.object, managed: Object.fromEntries(managed), ends };
}

/** What a case expects, in the form of an outcome. */
export function expectationOf({ steps, object, managed = {} }: MergeCase): Partial<Outcome> {
  return {
    ...(object === undefined ? {} : { object: parse(object) }),
    managed: Object.fromEntries(
      Object.entries(managed).map(([manager, text]) => {
        const [version = '', ...paths] = text.split(' ');
        return [manager, [version, ...paths.sort()].join(' ')];
      }),
    ),
    ends: steps.flatMap(({ conflicts, fails }) => {
      if (fails !== undefined) return [['fails']];
      return conflicts === undefined ? [] : [conflicts.toSorted()];
    }),
  };
}
