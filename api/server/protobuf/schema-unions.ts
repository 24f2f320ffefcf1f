import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';

/** A message that JSON writes in another shape: how it is put together, and how it is told again. */
interface Union {
  toMessage(value: unknown): unknown;
  fromMessage(message: JsonRecord): unknown;
}

/** A value's field where the value is an object. */
function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

/** What is wrapped once more in protobuf: in Go the inner message is embedded, and JSON knows no layers. */
const NAMED_RULE: Union = {
  toMessage(value) {
    if (!isRecord(value)) return value;
    const { resourceNames, operations, ...rule } = value;
    return { resourceNames, ruleWithOperations: { operations, rule } };
  },
  fromMessage({ ruleWithOperations, ...names }) {
    const operations = fieldOf(ruleWithOperations, 'operations');
    const rule = fieldOf(ruleWithOperations, 'rule');
    return { ...names, ...(operations !== undefined && { operations }), ...(isRecord(rule) ? rule : {}) };
  },
};

/**
 * Source: the marshallers in k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go, and the embedded
 * structs in k8s.io/api/admissionregistration/v1/types.go
 */
const UNIONS: Readonly<Record<string, Union>> = {
  NamedRuleWithOperations: NAMED_RULE,
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
