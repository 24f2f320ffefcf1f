import { type AnyKind, kindSchemaOf } from '../../../crds/generate/kind-schema.ts';
import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import { listKindOf, type ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { type Component, componentName, metaComponentName } from './component.ts';
import { TYPE_META } from './meta-components.ts';
import { reviewComponents } from './review-components.ts';

/** The components of the kinds of one API version and of their lists, by name. */
export function kindComponents(
  definitions: readonly AnyKind[],
  group: string,
  version: string,
): Map<string, Component> {
  const components = definitions
    .filter((definition) => definition.group === group && definition.version === version)
    .flatMap((definition): [string, Component][] => [
      [componentName(definition), kindComponent(definition)],
      [componentName(listOf(definition)), listComponent(definition)],
    ]);
  return new Map([...components, ...reviewComponents(group, version)]);
}

/** The list kind of a kind. */
export function listOf(kind: Pick<ResourceInfo, 'group' | 'version' | 'kind' | 'listKind'>) {
  return { group: kind.group, version: kind.version, kind: listKindOf(kind) };
}

/** What the parts of a kind written down here are; a CustomResourceDefinition says it itself, or not at all. */
const PART_DESCRIPTIONS: Readonly<Record<string, string>> = {
  spec: 'What is wanted.',
  status: 'What is observed; written by the controllers.',
};

/** What every object has, as the server tells it. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function kindComponent(definition: AnyKind): Component {
  const { group, version, kind, description } = definition;
  const { properties = {}, ...root } = kindSchemaOf(definition);
  const parts = Object.entries(properties)
    .filter(([name]) => !OWN_FIELDS.has(name))
    .map(([name, schema]): [string, Component] => {
      const fallback = 'structural' in definition ? undefined : PART_DESCRIPTIONS[name];
      const described = fallback === undefined ? {} : { description: fallback };
      return [name, { ...described, ...publishedSchema(schema) }];
    });
  return {
    ...publishedSchema(root),
    type: 'object',
    ...(description !== '' && { description }),
    properties: {
      ...TYPE_META,
      metadata: {
        ref: metaComponentName('ObjectMeta'),
        description: 'Metadata that every stored object has.',
      },
      ...Object.fromEntries(parts),
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}

/** Without what is Holt's own. */
function publishedSchema(schema: StructuralSchema): Component {
  const { 'x-holt-message': _message, items, properties, additionalProperties, ...rest } = schema;
  return {
    ...rest,
    ...(items !== undefined && { items: publishedSchema(items) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, publishedSchema(child)]),
      ),
    }),
    ...(additionalProperties !== undefined && {
      additionalProperties: publishedSchema(additionalProperties),
    }),
  };
}

function listComponent(definition: ResourceInfo): Component {
  return {
    type: 'object',
    description: `A list of ${definition.kind} objects.`,
    required: ['items'],
    properties: {
      ...TYPE_META,
      metadata: { ref: metaComponentName('ListMeta'), description: 'Metadata of a list.' },
      items: { type: 'array', description: 'The objects.', items: { ref: componentName(definition) } },
    },
    'x-kubernetes-group-version-kind': [listOf(definition)],
  };
}
