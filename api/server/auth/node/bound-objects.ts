import { isRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../../../crds/meta/resource-definition.ts';
import { sandboxContainerDefinition } from '../../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../../crds/uservm/definition.ts';
import { volumeSnapshotDefinition } from '../../../../crds/volumesnapshot/definition.ts';
import type { RegistryCache } from '../../../storage/cache/registry-cache.ts';
import { objectKey } from '../../../storage/keys.ts';

function textAt(object: unknown, ...path: readonly string[]): string {
  let value = object;
  for (const part of path) value = isRecord(value) ? value[part] : undefined;
  return typeof value === 'string' ? value : '';
}

/** The node that an object says it is on; empty for one that is on none. */
export function homeOf(object: ApiObject | undefined): string {
  return textAt(object, 'status', 'nodeName');
}

/** Which objects belong to which node, as the registry cache has it. */
export class BoundObjects {
  readonly #cache: RegistryCache;

  constructor(cache: RegistryCache) {
    this.#cache = cache;
  }

  /** A UserVM belongs to the node in its `status.nodeName`. */
  hasUserVm(node: string, namespace: string, name: string): boolean {
    return homeOf(this.#get(userVmDefinition, namespace, name)) === node;
  }

  /** A VolumeSnapshot belongs to the node that has its file: the one in its `status.nodeName`. */
  hasSnapshot(node: string, namespace: string, name: string): boolean {
    return homeOf(this.#get(volumeSnapshotDefinition, namespace, name)) === node;
  }

  hasContainer(node: string, namespace: string, name: string): boolean {
    const container = this.#get(sandboxContainerDefinition, namespace, name);
    return container !== undefined && this.isOwnContainer(node, container);
  }

  /**
   * A SandboxContainer belongs to the node of its UserVM; one whose UserVM is gone or not yet placed to none. Its own
   * `status.nodeName` follows the UserVM's a little later, and decides nothing here.
   */
  isOwnContainer(node: string, container: ApiObject): boolean {
    const vmName = textAt(container, 'spec', 'vmRef', 'name');
    return this.hasUserVm(node, container.metadata.namespace ?? '', vmName);
  }

  /** Whether there is such an object; what is gone belongs to nobody, and whoever asks for it is told so. */
  isThere(definition: ResourceDefinition, namespace: string, name: string): boolean {
    return this.#get(definition, namespace, name) !== undefined;
  }

  #get(definition: ResourceDefinition, namespace: string, name: string): ApiObject | undefined {
    return this.#cache.get(objectKey(definition, namespace, name))?.object;
  }
}
