import { apiVersionOf, type PrinterColumn, type ResourceDefinition } from '../meta/resource-definition.ts';
import { type StructuralSchema, structuralSchemaOf } from './structural-schema.ts';

/** Extensions that are Holt's own: Kubernetes would refuse the definition for them. */
const HOLT_EXTENSION = 'x-holt-message';

/**
 * The apiextensions.k8s.io/v1 CustomResourceDefinition of a custom kind.
 * @throws TypeError when the kind's schema has no structural form
 */
export function customResourceDefinition(definition: ResourceDefinition) {
  const { group, version, kind, plural, singular, shortNames, categories, namespaced } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(definition.hasStatus && { subresources: { status: {} } }),
          ...(definition.selectableFields.length > 0 && {
            selectableFields: definition.selectableFields.map((field) => ({ jsonPath: `.${field}` })),
          }),
          additionalPrinterColumns: definition.printerColumns.map(printerColumn),
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

function printerColumn({ name, type, jsonPath, description, priority = 0 }: PrinterColumn) {
  return { name, type, jsonPath, description, ...(priority > 0 && { priority }) };
}

function rootSchema(definition: ResourceDefinition): StructuralSchema {
  const schema = withoutHoltExtensions(structuralSchemaOf(definition.schema));
  for (const field of definition.immutableFields) markImmutable(schema, field);
  return {
    type: 'object',
    description: definition.description,
    ...(schema.required !== undefined && { required: schema.required }),
    properties: {
      apiVersion: { type: 'string', description: `${apiVersionOf(definition)}.` },
      kind: { type: 'string', description: `${definition.kind}.` },
      metadata: { type: 'object' },
      ...Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, part]) => [name, described(name, part)]),
      ),
    },
  };
}

const PART_DESCRIPTIONS: Readonly<Record<string, string>> = {
  spec: 'What is wanted.',
  status: 'What is observed; written by the controllers.',
};

/** A part of an object with a description of its own or the usual one. */
function described(name: string, part: StructuralSchema): StructuralSchema {
  const description = part.description ?? PART_DESCRIPTIONS[name];
  return { ...part, ...(description !== undefined && { description }) };
}

/** A deep copy that a Kubernetes API server takes. */
function withoutHoltExtensions(schema: StructuralSchema): StructuralSchema {
  return JSON.parse(JSON.stringify(schema, (key, value) => (key === HOLT_EXTENSION ? undefined : value)));
}

/** Adds the rule that the field at a dotted path may not change. @throws TypeError when there is no such field */
function markImmutable(schema: StructuralSchema, dottedPath: string): void {
  const field = dottedPath
    .split('.')
    .reduce<StructuralSchema | undefined>((at, name) => at?.properties?.[name], schema);
  if (field === undefined) throw new TypeError(`immutable field ${dottedPath} is not in the schema`);
  const rule = { rule: 'self == oldSelf', message: `${dottedPath} is immutable` };
  field['x-kubernetes-validations'] = [...(field['x-kubernetes-validations'] ?? []), rule];
}
