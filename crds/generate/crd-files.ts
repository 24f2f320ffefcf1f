import { stringify } from 'yaml';
import { ALL_DEFINITIONS } from '../index.ts';
import { customResourceDefinition } from './custom-resource-definition.ts';

/** A generated file, to lie in `crds/yaml`. */
export interface CrdFile {
  readonly name: string;
  readonly content: string;
}

/** The CustomResourceDefinitions of all custom kinds. */
export function crdFiles(): CrdFile[] {
  return ALL_DEFINITIONS.filter(({ builtIn }) => !builtIn).map((definition) => ({
    name: `${definition.plural}.${definition.group}.yaml`,
    content: `# Generated from the kind's definition.ts: "node crds/generate/main.ts" writes it anew.\n${yamlOf(customResourceDefinition(definition))}`,
  }));
}

function yamlOf(document: unknown): string {
  return stringify(document, { lineWidth: 110, aliasDuplicateObjects: false });
}
