import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { encodeMessage } from '../protobuf/encode-message.ts';
import type {
  SwaggerDocument,
  SwaggerOperation,
  SwaggerParameter,
  SwaggerPath,
  SwaggerSchema,
} from './render-v2.ts';
import { SWAGGER_MESSAGES } from './swagger-messages.ts';

/**
 * The document in the protobuf form that kubectl up to 1.26 validates and explains from.
 * Source: github.com/google/gnostic openapiv2/OpenAPIv2.proto
 */
export function swaggerProtobuf({ info, paths, definitions }: SwaggerDocument): Buffer {
  const document = {
    swagger: '2.0',
    info,
    paths: { path: named(paths, pathItem) },
    definitions: { additionalProperties: named(definitions, schemaMessage) },
  };
  return Buffer.from(encodeMessage(document, 'Document', SWAGGER_MESSAGES));
}

function named<T>(record: Readonly<Record<string, T>>, convert: (value: T) => JsonRecord): JsonRecord[] {
  return Object.entries(record).map(([name, value]) => ({ name, value: convert(value) }));
}

/** gnostic carries free values as YAML text, of which JSON is a part. */
function any(value: unknown): JsonRecord {
  return { yaml: JSON.stringify(value) };
}

function vendorExtension(fields: Readonly<Record<string, unknown>>): JsonRecord[] {
  return Object.entries(fields)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: any(value) }));
}

function pathItem({ parameters, operations }: SwaggerPath): JsonRecord {
  const converted = Object.entries(operations).map(([method, operation]) => [
    method,
    operationMessage(operation),
  ]);
  return { parameters: parameters.map(parameterItem), ...Object.fromEntries(converted) };
}

function operationMessage({ parameters, responses, ...rest }: SwaggerOperation): JsonRecord {
  return {
    ...rest,
    parameters: parameters.map(parameterItem),
    responses: {
      responseCode: named(responses, ({ description, schema }) => ({
        response: { description, schema: { schema: schemaMessage(schema) } },
      })),
    },
    vendorExtension: vendorExtension(rest),
  };
}

function parameterItem({ schema, ...parameter }: SwaggerParameter): JsonRecord {
  if (schema !== undefined) {
    return { parameter: { bodyParameter: { ...parameter, schema: schemaMessage(schema) } } };
  }
  return { parameter: { nonBodyParameter: { [parameter.in]: parameter } } };
}

function schemaMessage(schema: SwaggerSchema): JsonRecord {
  const {
    $ref,
    type,
    items,
    properties,
    additionalProperties,
    enum: allowed,
    default: fallback,
    ...rest
  } = schema;
  return {
    ...rest,
    ...($ref !== undefined && { ref: $ref }),
    ...(type !== undefined && { type: [type] }),
    ...(items !== undefined && { items: { schema: [schemaMessage(items)] } }),
    ...(properties !== undefined && {
      properties: { additionalProperties: named(properties, schemaMessage) },
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties: { schema: schemaMessage(additionalProperties) },
    }),
    ...(Array.isArray(allowed) && { enum: allowed.map(any) }),
    ...(fallback !== undefined && { default: any(fallback) }),
    vendorExtension: vendorExtension(rest),
  };
}
