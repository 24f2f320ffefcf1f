import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../../crds/meta/resource-definition.ts';
import type { User } from '../user.ts';
import { type BoundObjects, homeOf } from './bound-objects.ts';
import { nodeNameOf } from './node-identity.ts';

/** A write that a node wants to make. */
export interface NodeWrite {
  readonly user: User;
  readonly definition: ResourceInfo;
  /** '' for the object itself. */
  readonly subresource: string;
  readonly object: ApiObject;
  /** Undefined on create. */
  readonly previous: ApiObject | undefined;
}

/** Why a node may not touch an object, in upstream's words. */
export function notRelated(node: string): string {
  return `no relationship found between node '${node}' and this object`;
}

/** Labels under this prefix say where workloads may go: the operator's to set. */
const OPERATOR_LABEL = /(^|\.)node-restriction\.kubernetes\.io\//;

function statusOf(object: ApiObject | undefined): Readonly<Record<string, unknown>> {
  return isRecord(object?.status) ? object.status : {};
}

/** Everything but what a write by a node may touch, and what the server itself sets. */
function restOf(object: ApiObject): unknown {
  const { metadata, status: _status, ...rest } = object;
  const { finalizers: _f, resourceVersion: _r, managedFields: _m, generation: _g, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

function checkNode(node: string, { object, previous }: NodeWrite): string | undefined {
  if (object.metadata.name !== node)
    return `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(object.metadata.name)}`;
  const { spec: was } = previous ?? {};
  const { spec = {} } = object;
  if (!isDeepStrictEqual(spec, was ?? {}))
    return `node ${JSON.stringify(node)} is not allowed to modify its spec`;
  const labels = { ...object.metadata.labels };
  const known = previous?.metadata.labels ?? {};
  const changed = Object.keys({ ...labels, ...known }).filter(
    (label) => OPERATOR_LABEL.test(label) && labels[label] !== known[label],
  );
  return changed.length === 0
    ? undefined
    : `node ${JSON.stringify(node)} is not allowed to modify labels: ${changed.sort().join(', ')}`;
}

function checkBound({ object, previous, subresource }: NodeWrite): string | undefined {
  if (subresource === '' && previous !== undefined && !isDeepStrictEqual(restOf(object), restOf(previous)))
    return 'a node may only change the finalizers of what is bound to it, and its status';
  return undefined;
}

/** A node neither takes a UserVM or a VolumeSnapshot nor gives it away: the manager does. */
function checkPlaced(node: string, write: NodeWrite): string | undefined {
  if (homeOf(write.previous) !== node) return notRelated(node);
  return homeOf(write.object) === node
    ? checkBound(write)
    : `a node may not change status.nodeName of a ${write.definition.kind}`;
}

function checkContainer(node: string, write: NodeWrite, bound: BoundObjects): string | undefined {
  if (write.previous === undefined || !bound.isOwnContainer(node, write.previous)) return notRelated(node);
  return homeOf(write.object) === homeOf(write.previous)
    ? checkBound(write)
    : 'a node may not change status.nodeName of a SandboxContainer';
}

function othersOf(object: ApiObject | undefined, node: string): unknown[] {
  const { nodes } = statusOf(object);
  return Array.isArray(nodes) ? nodes.filter((entry) => !(isRecord(entry) && entry.nodeName === node)) : [];
}

function checkGuestImage(node: string, { object, previous }: NodeWrite): string | undefined {
  if (!isDeepStrictEqual(statusOf(object).rollout, statusOf(previous).rollout))
    return 'a node may not change status.rollout';
  return isDeepStrictEqual(othersOf(object, node), othersOf(previous, node))
    ? undefined
    : 'a node may only change its own entry of status.nodes';
}

function checkEvent(node: string, { object }: NodeWrite, bound: BoundObjects): string | undefined {
  const about = isRecord(object.involvedObject) ? object.involvedObject : {};
  const { kind, name, namespace = '' } = about;
  const isOwn =
    (kind === 'Node' && name === node) ||
    (kind === 'UserVM' && bound.hasUserVm(node, String(namespace), String(name))) ||
    (kind === 'VolumeSnapshot' && bound.hasSnapshot(node, String(namespace), String(name))) ||
    (kind === 'SandboxContainer' && bound.hasContainer(node, String(namespace), String(name)));
  return isOwn ? undefined : 'a node may only tell events about itself and what is bound to it';
}

/**
 * What is wrong with a write by a node that it was authorised to make; undefined where nothing is, and for
 * everybody else. As kube-apiserver's NodeRestriction admission.
 */
export function nodeRestriction(write: NodeWrite, bound: BoundObjects): string | undefined {
  const node = nodeNameOf(write.user);
  if (node === undefined) return undefined;
  const { group, plural } = write.definition;
  switch (`${group}/${plural}`) {
    case '/nodes':
      return checkNode(node, write);
    case 'coordination.k8s.io/leases':
      return write.object.metadata.name === node ? undefined : 'a node may only have the Lease of its name';
    case 'holt.dev/uservms':
    case 'holt.dev/volumesnapshots':
      return checkPlaced(node, write);
    case 'holt.dev/sandboxcontainers':
      return checkContainer(node, write, bound);
    case 'holt.dev/guestimages':
      return checkGuestImage(node, write);
    case '/events':
      return checkEvent(node, write, bound);
    default:
      return undefined;
  }
}
