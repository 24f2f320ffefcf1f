import type { ResourceDefinition } from '../../../../crds/meta/resource-definition.ts';
import { NODE_LEASE_NAMESPACE } from '../../../../crds/node/definition.ts';
import { sandboxContainerDefinition } from '../../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../../crds/uservm/definition.ts';
import { volumeSnapshotDefinition } from '../../../../crds/volumesnapshot/definition.ts';
import type { Attributes, Authorize, Decision } from '../authorize.ts';
import type { BoundObjects } from './bound-objects.ts';
import { nodeNameOf } from './node-identity.ts';
import { notRelated } from './node-restriction.ts';

const ALLOWED: Decision = { allowed: true, reason: '' };

function no(reason: string): Decision {
  return { allowed: false, reason };
}

const READ: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const CHANGE: ReadonlySet<string> = new Set(['update', 'patch']);

/** Field of UserVMs, SandboxContainers and VolumeSnapshots that names their node. */
const BINDING_FIELD = 'status.nodeName';

/** Own Node: made, read, labelled, its status written. */
function ownNode(node: string, { verb, name, subresource }: Attributes): Decision {
  // The body is not known yet: the node restriction holds a new Node to its maker's name.
  if (verb === 'create' && subresource === '') return ALLOWED;
  if (name !== node) return no(`node ${JSON.stringify(node)} cannot ${verb} a Node other than its own`);
  if (READ.has(verb) || CHANGE.has(verb)) return ALLOWED;
  return verb === 'create' && subresource === 'commit' ? ALLOWED : no(`node cannot ${verb} its Node`);
}

/** Own heartbeat Lease. */
function ownLease(node: string, { verb, name, namespace }: Attributes): Decision {
  if (namespace !== NODE_LEASE_NAMESPACE)
    return no(`can only access leases in the ${JSON.stringify(NODE_LEASE_NAMESPACE)} system namespace`);
  if (verb === 'create') return ALLOWED;
  if (name !== node) return no('can only access node lease with the same name as the requesting node');
  return verb === 'get' || CHANGE.has(verb)
    ? ALLOWED
    : no('can only get, create, update or patch a node lease');
}

/**
 * What is gone may be asked for too, so that a node that lets go of it late hears 404 and not 403. Should it be
 * there after all, the node restriction looks again at what is written.
 */
function mayTouch(
  bound: BoundObjects,
  definition: ResourceDefinition,
  { namespace, name, verb }: Attributes,
  isBound: boolean,
): boolean {
  return isBound || (verb !== 'get' && !bound.isThere(definition, namespace, name));
}

/** Whether a collection is narrowed to what is on the node. What else the selector asks for makes it only smaller. */
function isNarrowedTo(node: string, { fieldSelector = [] }: Attributes): boolean {
  return fieldSelector.some(({ path, equals, value }) => path === BINDING_FIELD && equals && value === node);
}

/** What runs on the node: its status and its finalizers are the node's to write. */
function boundObject(asked: Attributes, node: string, isBound: () => boolean): Decision {
  const { verb, subresource, name, resource } = asked;
  if (subresource === '' && (verb === 'list' || verb === 'watch')) {
    if (isNarrowedTo(node, asked)) return ALLOWED;
    return no(`can only list/watch ${resource} with ${BINDING_FIELD} field selector`);
  }
  const fits =
    subresource === ''
      ? verb === 'get' || CHANGE.has(verb)
      : (subresource === 'status' && (verb === 'get' || CHANGE.has(verb))) ||
        (subresource === 'commit' && verb === 'create');
  if (!fits || name === '') return no(`a node cannot ${verb} these`);
  return isBound() ? ALLOWED : no(notRelated(node));
}

/** GuestImages: read by all nodes; each writes its own entry of the status, see the node restriction. */
function guestImage({ verb, subresource }: Attributes): Decision {
  if (subresource === '') return READ.has(verb) ? ALLOWED : no(`a node cannot ${verb} GuestImages`);
  const fits =
    subresource === 'commit'
      ? verb === 'create'
      : subresource === 'status' && (verb === 'get' || CHANGE.has(verb));
  return fits ? ALLOWED : no(`a node cannot ${verb} this subresource`);
}

/**
 * What a node may do, beyond the roles of `system:authenticated`: as kube-apiserver's node authoriser, by what is
 * bound to it and not by rules.
 *
 * Reading one UserVM, SandboxContainer or VolumeSnapshot, and every write, asks for the binding; a list or a watch must be narrowed
 * by a field selector to the node's own. GuestImages are the catalogue from which any node may be asked to boot, as
 * upstream's RuntimeClasses: read by all. Secrets, ConfigMaps, roles and other nodes stay out of reach: nothing that
 * is bound to a node refers to any.
 * Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/node/node_authorizer.go
 */
export function createNodeAuthorizer(bound: BoundObjects): Authorize {
  return (asked) => {
    const node = nodeNameOf(asked.user);
    if (node === undefined || asked.path !== undefined) return no('');
    const { group, resource, namespace, name } = asked;
    switch (`${group}/${resource}`) {
      case '/nodes':
        return ownNode(node, asked);
      case 'coordination.k8s.io/leases':
        return asked.subresource === '' ? ownLease(node, asked) : no('node leases have no subresources');
      case 'holt.dev/uservms':
        return boundObject(asked, node, () =>
          mayTouch(bound, userVmDefinition, asked, bound.hasUserVm(node, namespace, name)),
        );
      case 'holt.dev/sandboxcontainers':
        return boundObject(asked, node, () =>
          mayTouch(bound, sandboxContainerDefinition, asked, bound.hasContainer(node, namespace, name)),
        );
      case 'holt.dev/volumesnapshots':
        return boundObject(asked, node, () =>
          mayTouch(bound, volumeSnapshotDefinition, asked, bound.hasSnapshot(node, namespace, name)),
        );
      case 'holt.dev/guestimages':
        return guestImage(asked);
      case '/events':
        return asked.verb === 'create' && asked.subresource === ''
          ? ALLOWED
          : no('a node can only create events');
      default:
        return no('');
    }
  };
}
