import type { Environment } from '@marcbachmann/cel-js';
import { isRecord } from '../../../crds/generate/json-record.ts';
import { createEnvironment } from '../cel/library.ts';
import { type CelType, celTypeOf } from '../cel/schema-types.ts';
import { addAuthorizer } from './authorizer.ts';
import { REQUEST_SCHEMA } from './request-object.ts';

/** The types of what expressions look at; `dyn` where no schema tells. */
export interface ObjectTypes {
  readonly object: string;
  readonly params: string;
}

const UNTYPED: ObjectTypes = { object: 'dyn', params: 'dyn' };

/** What all policies have in common. */
export interface PolicyEnvironment {
  /** Clone it before anything is registered. */
  readonly environment: Environment;
  readonly request: CelType;
}

let shared: PolicyEnvironment | undefined;

/** The language of policies without their variables; made once. */
export function policyEnvironment(): PolicyEnvironment {
  if (shared !== undefined) return shared;
  const environment = createEnvironment();
  addAuthorizer(environment);
  const request = celTypeOf(environment, REQUEST_SCHEMA);
  environment.registerVariable('request', request.name).registerVariable('namespaceObject', 'dyn');
  shared = { environment, request };
  return shared;
}

/** Which of the variables that not every expression has this one has. */
export interface Scope {
  readonly hasParams: boolean;
  readonly hasAuthorizer: boolean;
}

/** A copy of an environment with the variables of one kind of expression. */
export function scoped(base: Environment, { hasParams, hasAuthorizer }: Scope, types = UNTYPED): Environment {
  const environment = base
    .clone()
    .registerVariable('object', types.object)
    .registerVariable('oldObject', types.object);
  if (hasParams) environment.registerVariable('params', types.params);
  if (hasAuthorizer) environment.registerVariable('authorizer', 'kubernetes.authorization.Authorizer');
  return environment;
}

/**
 * JSON as expressions see it where no schema tells its types: whole numbers are ints, objects are maps, so that any
 * key can be asked for.
 */
export function untyped(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(untyped);
  if (isRecord(value)) return new Map(Object.entries(value).map(([key, each]) => [key, untyped(each)]));
  return value ?? null;
}
