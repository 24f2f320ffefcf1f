import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { asResource, escapeName } from './schema-types.ts';

/** Source: MaxRequestSizeBytes in k8s.io/apiserver/pkg/apis/cel/config.go */
const REQUEST_BYTES_MAX = 3 * 1024 * 1024;

/**
 * How large a value of a schema may be.
 * Source: SchemaDeclType in k8s.io/apiserver/pkg/cel/common/schemas.go
 */
export interface DeclaredSize {
  /** Bytes of a string, items of a list, entries of a map; 0 for what has none. */
  readonly elementsMax: number;
  /** Bytes of the least JSON of it. */
  readonly bytesMin: number;
  readonly item?: DeclaredSize | undefined;
  readonly key?: DeclaredSize;
  readonly fields?: ReadonlyMap<string, DeclaredSize>;
}

const KEY: DeclaredSize = { elementsMax: 0, bytesMin: 2 };

/** Least and most bytes of strings with a form of their own. */
const FORMATS: Readonly<Record<string, DeclaredSize>> = {
  duration: { elementsMax: 32, bytesMin: 3 },
  date: { elementsMax: 12, bytesMin: 12 },
  'date-time': { elementsMax: 32, bytesMin: 21 },
};

function stringSize({ format = '', maxLength, enum: values = [] }: StructuralSchema): DeclaredSize {
  const own = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (own !== undefined) return own;
  // A character may take four bytes.
  const width = format === 'byte' ? 1 : 4;
  const longest = Math.max(0, ...values.map((value) => (typeof value === 'string' ? value.length : 0)));
  const most = values.length > 0 && format !== 'byte' ? longest : REQUEST_BYTES_MAX - 2;
  return { elementsMax: maxLength === undefined ? most : Math.max(0, maxLength) * width, bytesMin: 2 };
}

function objectSize(schema: StructuralSchema): DeclaredSize {
  const fields = new Map<string, DeclaredSize>();
  const required = new Set(schema.required);
  let bytesMin = 2;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const size = declaredSize(child);
    const escaped = escapeName(name);
    if (size === undefined) continue;
    if (escaped !== undefined) fields.set(escaped, size);
    if (required.has(name) && child.default === undefined) bytesMin += name.length + size.bytesMin + 4;
  }
  return { elementsMax: 0, bytesMin, fields };
}

/** Undefined for what no rule can look into. */
export function declaredSize(given: StructuralSchema): DeclaredSize | undefined {
  if (given['x-kubernetes-int-or-string'] === true)
    return { elementsMax: REQUEST_BYTES_MAX - 2, bytesMin: 1 };
  const schema = given['x-kubernetes-embedded-resource'] === true ? asResource(given) : given;
  const { items, additionalProperties, maxItems, maxProperties } = schema;
  switch (schema.type) {
    case 'array': {
      const item = items && declaredSize(items);
      if (item === undefined) return undefined;
      const most = Math.floor((REQUEST_BYTES_MAX - 2) / (item.bytesMin + 1));
      return { elementsMax: maxItems ?? most, bytesMin: 2, item };
    }
    case 'object': {
      if (additionalProperties === undefined) return objectSize(schema);
      const item = declaredSize(additionalProperties);
      if (item === undefined) return undefined;
      const most = Math.floor((REQUEST_BYTES_MAX - 2) / (item.bytesMin + 6));
      return { elementsMax: maxProperties ?? most, bytesMin: 2, item, key: KEY };
    }
    case 'string':
      return stringSize(schema);
    case 'boolean':
      return { elementsMax: 0, bytesMin: 4 };
    case 'number':
    case 'integer':
      return { elementsMax: 0, bytesMin: 1 };
    default:
      return undefined;
  }
}

/** How often a value of that size can stand in an object, where no limit around it tells. */
export function occurrencesMax({ bytesMin }: DeclaredSize): number {
  return Math.floor(REQUEST_BYTES_MAX / (bytesMin + 1));
}
