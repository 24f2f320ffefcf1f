import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';

/** A message that JSON writes as one of two things: how it is put together, and how it is told again. */
interface Union {
  toMessage(value: unknown): unknown;
  fromMessage(message: JsonRecord): unknown;
}

/** Source: the marshallers in k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go */
const UNIONS: Readonly<Record<string, Union>> = {
  JSONSchemaPropsOrArray: {
    toMessage: (value) => (Array.isArray(value) ? { schemas: value } : { schema: value }),
    fromMessage: ({ schema, schemas }) => schemas ?? schema,
  },
  JSONSchemaPropsOrBool: {
    toMessage: (value) => (isRecord(value) ? { allows: true, schema: value } : { allows: value }),
    fromMessage: ({ allows = false, schema }) => schema ?? allows,
  },
  JSONSchemaPropsOrStringArray: {
    toMessage: (value) => (Array.isArray(value) ? { properties: value } : { schema: value }),
    fromMessage: ({ schema, properties }) => properties ?? schema,
  },
};

/** What is written for a value of a message's type: itself, but for unions. */
export function messageOfJson(message: string, value: unknown): unknown {
  return Object.hasOwn(UNIONS, message) ? UNIONS[message]?.toMessage(value) : value;
}

/** What JSON has for a message: the message itself, but for unions. */
export function jsonOfMessage(message: string, decoded: JsonRecord): unknown {
  return Object.hasOwn(UNIONS, message) ? UNIONS[message]?.fromMessage(decoded) : decoded;
}
