import type { Component } from './component.ts';
import type { Operation, PathOperations } from './operations.ts';
import { type Parameter, pathParameters } from './parameters.ts';

/** An OpenAPI 3.0 document of one API version. */
export function renderV3(
  paths: readonly PathOperations[],
  components: ReadonlyMap<string, Component>,
): unknown {
  return {
    openapi: '3.0.0',
    info: { title: 'Holt', version: 'v1alpha1' },
    paths: Object.fromEntries(paths.map(({ path, operations }) => [path, renderPath(path, operations)])),
    components: {
      schemas: Object.fromEntries(
        [...components].map(([name, component]) => [name, renderSchema(component)]),
      ),
    },
  };
}

function renderPath(path: string, operations: readonly Operation[]): unknown {
  return {
    parameters: pathParameters(path).map(renderParameter),
    ...Object.fromEntries(operations.map((operation) => [operation.method, renderOperation(operation)])),
  };
}

function renderParameter({ name, in: where, type, description }: Parameter): unknown {
  return {
    name,
    in: where,
    description,
    ...(where === 'path' && { required: true }),
    schema: { type, uniqueItems: true },
  };
}

function reference(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

function renderOperation(operation: Operation): unknown {
  const { action, gvk, description, operationId, parameters, body, consumes, response, method } = operation;
  const content = (types: readonly string[], name: string) =>
    Object.fromEntries(types.map((type) => [type, { schema: reference(name) }]));
  const answer = { description: 'OK', content: content(['application/json', 'application/yaml'], response) };
  return {
    tags: [`${gvk.group === '' ? 'core' : gvk.group}_${gvk.version}`],
    description,
    operationId,
    parameters: parameters.map(renderParameter),
    ...(body !== undefined && {
      requestBody: { content: content(consumes, body), ...(method !== 'delete' && { required: true }) },
    }),
    responses: { 200: answer, ...(method === 'post' && { 201: { ...answer, description: 'Created' } }) },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
  };
}

function renderSchema(component: Component): unknown {
  const { ref, items, properties, additionalProperties, ...rest } = component;
  // OpenAPI 3.0 ignores what stands beside a $ref, so a description needs the detour of allOf.
  if (ref !== undefined)
    return Object.keys(rest).length === 0 ? reference(ref) : { ...rest, allOf: [reference(ref)] };
  return {
    ...rest,
    ...(rest['x-kubernetes-int-or-string'] && { anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    ...(items !== undefined && { items: renderSchema(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, renderSchema(child)]),
      ),
    }),
    ...(additionalProperties !== undefined && { additionalProperties: renderSchema(additionalProperties) }),
  };
}
