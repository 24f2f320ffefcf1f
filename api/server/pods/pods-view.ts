import { podDefinition } from '../../../crds/pod/definition.ts';
import {
  type SandboxContainer,
  sandboxContainerDefinition,
} from '../../../crds/sandboxcontainer/definition.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import { encodeObject, StoredObject } from '../../storage/stored-object.ts';
import { createResource, type Resource } from '../http/resource.ts';
import { podOfContainer } from './pod-of-container.ts';

/** SandboxContainers as Pods: read from where they are stored, each revision made once. */
export function createPodsView(): Resource {
  const views = new WeakMap<StoredObject, StoredObject>();
  const view = (stored: StoredObject): StoredObject => {
    const known = views.get(stored);
    if (known !== undefined) return known;
    const pod = podOfContainer(stored.object as SandboxContainer);
    const made = new StoredObject(stored.key, encodeObject(pod), stored.modRevision);
    views.set(stored, made);
    return made;
  };
  const form = {
    view,
    encode: () => {
      throw new TypeError('Pods are a view: nothing is stored as one');
    },
    isCurrent: () => true,
  };
  return {
    ...createResource(podDefinition, form),
    storedAs: sandboxContainerDefinition,
    prefix: resourcePrefix(sandboxContainerDefinition),
  };
}
