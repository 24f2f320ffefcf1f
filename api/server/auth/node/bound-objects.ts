import { isRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { sandboxContainerDefinition } from '../../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../../crds/uservm/definition.ts';
import type { RegistryCache } from '../../../storage/cache/registry-cache.ts';
import { objectKey } from '../../../storage/keys.ts';

function field(object: unknown, ...path: readonly string[]): string {
  let value = object;
  for (const part of path) value = isRecord(value) ? value[part] : undefined;
  return typeof value === 'string' ? value : '';
}

/** Which objects belong to which node, as the registry cache has it. */
export class BoundObjects {
  readonly #cache: RegistryCache;

  constructor(cache: RegistryCache) {
    this.#cache = cache;
  }

  /** A UserVM belongs to the node in its `status.nodeName`. */
  hasUserVm(node: string, namespace: string, name: string): boolean {
    return field(this.#userVm(namespace, name), 'status', 'nodeName') === node;
  }

  /**
   * A SandboxContainer belongs to the node of its UserVM. One whose UserVM is gone or not yet placed belongs to
   * nobody; it is every node's to say so in its status and to let it go.
   */
  hasContainer(node: string, namespace: string, name: string): boolean {
    const key = objectKey(sandboxContainerDefinition, namespace, name);
    const container = this.#cache.get(key)?.object;
    if (container === undefined) return false;
    const home = field(
      this.#userVm(namespace, field(container, 'spec', 'vmRef', 'name')),
      'status',
      'nodeName',
    );
    return home === node || home === '';
  }

  #userVm(namespace: string, name: string): ApiObject | undefined {
    return name === '' ? undefined : this.#cache.get(objectKey(userVmDefinition, namespace, name))?.object;
  }
}
