import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';

export interface ResourcePathOptions {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * The URL path of a kind, an object or a subresource.
 * @throws TypeError when a namespaced object is named without its namespace
 */
export function resourcePath(definition: ResourceAddress, options: ResourcePathOptions = {}): string {
  const parts = definition.group === '' ? ['/api'] : ['/apis', definition.group];
  parts.push(definition.version);
  if (definition.namespaced) {
    if (options.namespace !== undefined && options.namespace !== '') {
      parts.push('namespaces', encodeURIComponent(options.namespace));
    } else if (options.name !== undefined) {
      throw new TypeError(`${definition.kind} ${options.name}: a namespaced object needs its namespace`);
    }
  }
  parts.push(definition.plural);
  if (options.name !== undefined) parts.push(encodeURIComponent(options.name));
  if (options.subresource !== undefined) parts.push(options.subresource);
  return parts.join('/');
}
