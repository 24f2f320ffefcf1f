import type { Component } from './component.ts';
import type { Operation, PathOperations } from './operations.ts';
import { type Parameter, pathParameters } from './parameters.ts';

/** A schema as OpenAPI 2.0 (Swagger) has it. */
export interface SwaggerSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: { readonly [field: string]: SwaggerSchema };
  readonly items?: SwaggerSchema;
  readonly additionalProperties?: SwaggerSchema;
}

export interface SwaggerOperation {
  readonly [field: string]: unknown;
  readonly parameters: readonly SwaggerParameter[];
  readonly responses: Readonly<Record<string, { description: string; schema: SwaggerSchema }>>;
}

export interface SwaggerParameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'body';
  readonly type?: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly schema?: SwaggerSchema;
}

export interface SwaggerPath {
  readonly parameters: readonly SwaggerParameter[];
  readonly operations: Readonly<Record<string, SwaggerOperation>>;
}

/** An OpenAPI 2.0 document; the operations of a path are kept apart from its parameters until it is written. */
export interface SwaggerDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, SwaggerPath>>;
  readonly definitions: Readonly<Record<string, SwaggerSchema>>;
}

/** The OpenAPI 2.0 document of all API versions. */
export function renderV2(
  paths: readonly PathOperations[],
  components: ReadonlyMap<string, Component>,
): SwaggerDocument {
  return {
    info: { title: 'Holt', version: 'v1alpha1' },
    paths: Object.fromEntries(paths.map(({ path, operations }) => [path, renderPath(path, operations)])),
    definitions: Object.fromEntries(
      [...components].map(([name, component]) => [name, renderSchema(component)]),
    ),
  };
}

/** The JSON form of the document. */
export function swaggerJson({ info, paths, definitions }: SwaggerDocument): unknown {
  const pathItems = Object.entries(paths).map(([path, { parameters, operations }]) => [
    path,
    { parameters, ...operations },
  ]);
  return { swagger: '2.0', info, paths: Object.fromEntries(pathItems), definitions };
}

function renderPath(path: string, operations: readonly Operation[]): SwaggerPath {
  return {
    parameters: pathParameters(path).map(renderParameter),
    operations: Object.fromEntries(
      operations.map((operation) => [operation.method, renderOperation(operation)]),
    ),
  };
}

function renderParameter({ name, in: where, type, description }: Parameter): SwaggerParameter {
  return { name, in: where, type, description, ...(where === 'path' && { required: true }) };
}

function reference(name: string): SwaggerSchema {
  return { $ref: `#/definitions/${name}` };
}

function renderOperation(operation: Operation): SwaggerOperation {
  const { action, gvk, description, operationId, parameters, body, consumes, response, method } = operation;
  const bodyParameter: SwaggerParameter[] =
    body === undefined
      ? []
      : [{ name: 'body', in: 'body', schema: reference(body), required: method !== 'delete' }];
  const answer = { description: 'OK', schema: reference(response) };
  return {
    description,
    operationId,
    consumes: consumes.length === 0 ? ['*/*'] : consumes,
    produces: ['application/json', 'application/yaml'],
    parameters: [...parameters.map(renderParameter), ...bodyParameter],
    responses: { 200: answer, ...(method === 'post' && { 201: { ...answer, description: 'Created' } }) },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

/**
 * OpenAPI 2.0 has no nullable and no union, and old kubectl takes `properties` for the whole truth: what it cannot
 * say is left open, so that a client never refuses what the server takes.
 * Source: k8s.io/apiextensions-apiserver pkg/controller/openapi/v2/conversion.go
 */
function renderSchema(component: Component): SwaggerSchema {
  const { ref, items, properties, additionalProperties, nullable, ...rest } = component;
  if (ref !== undefined) return { ...reference(ref), ...rest };
  const { type, format, ...annotations } = rest;
  if (rest['x-kubernetes-int-or-string']) return { ...annotations, type: 'string', format: 'int-or-string' };
  if (nullable) return annotations;
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true;
  if (isOpen) return { ...annotations, ...(type !== undefined && { type }) };
  return {
    ...rest,
    ...(items !== undefined && { items: renderSchema(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, renderSchema(child)]),
      ),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: renderSchema(additionalProperties) }),
  };
}
