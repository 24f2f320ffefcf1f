import type {
  CrdVersion,
  CustomResourceDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ServedKind } from '../../../crds/generate/kind-schema.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { PrinterColumn, ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { compareVersions } from '../discovery/version-priority.ts';
import { parseSchema } from './parse-schema.ts';

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Since its creation',
};

function columnType(type: string): PrinterColumn['type'] {
  return type === 'integer' || type === 'number' || type === 'boolean' || type === 'date' ? type : 'string';
}

function printerColumns({ additionalPrinterColumns = [] }: CrdVersion): readonly PrinterColumn[] {
  if (additionalPrinterColumns.length === 0) return [AGE];
  return additionalPrinterColumns.map(({ name, type, jsonPath, description, priority = 0 }) => ({
    name,
    type: columnType(type),
    jsonPath,
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
  }));
}

/** The schema with the messages for people that the kind's own definition has and no CustomResourceDefinition may. */
function withMessages(schema: StructuralSchema, own: StructuralSchema | undefined): StructuralSchema {
  if (own === undefined) return schema;
  const message = own['x-holt-message'];
  return {
    ...schema,
    ...(message !== undefined && { 'x-holt-message': message }),
    ...(schema.items !== undefined && { items: withMessages(schema.items, own.items) }),
    ...(schema.properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([name, child]) => [
          name,
          withMessages(child, own.properties?.[name]),
        ]),
      ),
    }),
  };
}

/** Source: defaultDeprecationWarning in k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go */
function deprecationWarning(crd: CustomResourceDefinition, version: CrdVersion): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (typeof version.deprecationWarning === 'string') return version.deprecationWarning;
  const { group, names, versions } = crd.spec;
  const [better] = versions
    .filter(
      ({ name, served, deprecated }) => served && !deprecated && compareVersions(name, version.name) < 0,
    )
    .toSorted((a, b) => compareVersions(a.name, b.name));
  const remedy = better === undefined ? '' : `; use ${group}/${better.name} ${names.kind}`;
  return `${group}/${version.name} ${names.kind} is deprecated${remedy}`;
}

/** What the definition written down here adds to a kind that is served from its CustomResourceDefinition. */
export interface OwnKind {
  readonly definition: ResourceDefinition;
  readonly structural: StructuralSchema;
}

/** One version of a custom kind, by the names that were accepted. */
export function servedKind(
  crd: CustomResourceDefinition,
  version: CrdVersion,
  own: OwnKind | undefined,
): ServedKind {
  const { group, scope } = crd.spec;
  const {
    plural = '',
    singular = '',
    kind = '',
    listKind = '',
    shortNames = [],
    categories = [],
  } = crd.status?.acceptedNames ?? {};
  const schema = parseSchema((version.schema?.openAPIV3Schema ?? {}) as JsonRecord);
  const { scale, status } = version.subresources ?? {};
  const warning = deprecationWarning(crd, version);
  return {
    ...{ group, version: version.name, kind, plural, singular, listKind, shortNames, categories },
    namespaced: scope === 'Namespaced',
    hasStatus: status !== undefined,
    builtIn: false,
    description: schema.description ?? '',
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1)),
    printerColumns: printerColumns(version),
    immutableFields: own?.definition.immutableFields ?? [],
    ...(own?.definition.hasStreams === true && { hasStreams: true }),
    structural: withMessages(schema, own?.structural),
    ...(scale !== undefined && {
      scale: {
        specReplicasPath: scale.specReplicasPath,
        statusReplicasPath: scale.statusReplicasPath,
        ...(scale.labelSelectorPath !== undefined && { labelSelectorPath: scale.labelSelectorPath }),
      },
    }),
    ...(warning !== undefined && { deprecationWarning: warning }),
  };
}
