import { messageRegistry } from './message-types.ts';

/**
 * The messages of the built-in kinds with the field numbers of upstream, as far as Holt serves them.
 * Sources: generated.proto of k8s.io/api {core,coordination,authorization,authentication}/v1 and
 * k8s.io/apimachinery/pkg/apis/meta/v1; pointers from the Go types beside them.
 */
const META: Readonly<Record<string, readonly string[]>> = {
  ObjectMeta: [
    'name:1 string',
    'generateName:2 string',
    'namespace:3 string',
    'selfLink:4 string',
    'uid:5 string',
    'resourceVersion:6 string',
    'generation:7 int64',
    'creationTimestamp:8 time',
    'deletionTimestamp:9 time',
    'deletionGracePeriodSeconds:10 *int64',
    'labels:11 map<string>',
    'annotations:12 map<string>',
    'ownerReferences:13 []OwnerReference',
    'finalizers:14 []string',
    'managedFields:17 []ManagedFieldsEntry',
  ],
  OwnerReference: [
    'apiVersion:5 string',
    'kind:1 string',
    'name:3 string',
    'uid:4 string',
    'controller:6 *bool',
    'blockOwnerDeletion:7 *bool',
  ],
  ManagedFieldsEntry: [
    'manager:1 string',
    'operation:2 string',
    'apiVersion:3 string',
    'time:4 time',
    'fieldsType:6 string',
    'fieldsV1:7 rawJson',
    'subresource:8 string',
  ],
  ListMeta: [
    'selfLink:1 string',
    'resourceVersion:2 string',
    'continue:3 string',
    'remainingItemCount:4 *int64',
  ],
  Status: [
    'metadata:1 ListMeta',
    'status:2 string',
    'message:3 string',
    'reason:4 string',
    'details:5 StatusDetails',
    'code:6 int32',
  ],
  StatusDetails: [
    'name:1 string',
    'group:2 string',
    'kind:3 string',
    'uid:6 string',
    'causes:4 []StatusCause',
    'retryAfterSeconds:5 int32',
  ],
  StatusCause: ['reason:1 string', 'message:2 string', 'field:3 string'],
  DeleteOptions: [
    'gracePeriodSeconds:1 *int64',
    'preconditions:2 Preconditions',
    'orphanDependents:3 *bool',
    'propagationPolicy:4 *string',
    'dryRun:5 []string',
    'ignoreStoreReadErrorWithClusterBreakingPotential:6 *bool',
  ],
  PartialObjectMetadata: ['metadata:1 ObjectMeta'],
  Preconditions: ['uid:1 *string', 'resourceVersion:2 *string'],
  SelectorRequirement: ['key:1 string', 'operator:2 string', 'values:3 []string'],
};

const CORE: Readonly<Record<string, readonly string[]>> = {
  Namespace: ['metadata:1 ObjectMeta', 'spec:2 NamespaceSpec', 'status:3 NamespaceStatus'],
  NamespaceSpec: ['finalizers:1 []string'],
  NamespaceStatus: ['phase:1 string', 'conditions:2 []NamespaceCondition'],
  NamespaceCondition: [
    'type:1 string',
    'status:2 string',
    'lastTransitionTime:4 time',
    'reason:5 string',
    'message:6 string',
  ],
  Event: [
    'metadata:1 ObjectMeta',
    'involvedObject:2 ObjectReference',
    'reason:3 string',
    'message:4 string',
    'source:5 EventSource',
    'firstTimestamp:6 time',
    'lastTimestamp:7 time',
    'count:8 int32',
    'type:9 string',
    'eventTime:10 microTime',
    'series:11 EventSeries',
    'action:12 string',
    'related:13 ObjectReference',
    'reportingComponent:14 string',
    'reportingInstance:15 string',
  ],
  EventSource: ['component:1 string', 'host:2 string'],
  EventSeries: ['count:1 int32', 'lastObservedTime:2 microTime'],
  ObjectReference: [
    'kind:1 string',
    'namespace:2 string',
    'name:3 string',
    'uid:4 string',
    'apiVersion:5 string',
    'resourceVersion:6 string',
    'fieldPath:7 string',
  ],
};

const NODE: Readonly<Record<string, readonly string[]>> = {
  Node: ['metadata:1 ObjectMeta', 'spec:2 NodeSpec', 'status:3 NodeStatus'],
  NodeSpec: [
    'podCIDR:1 string',
    'podCIDRs:7 []string',
    'providerID:3 string',
    'unschedulable:4 bool',
    'taints:5 []Taint',
  ],
  Taint: ['key:1 string', 'value:2 string', 'effect:3 string', 'timeAdded:4 time'],
  NodeStatus: [
    'capacity:1 map<quantity>',
    'allocatable:2 map<quantity>',
    'phase:3 string',
    'conditions:4 []NodeCondition',
    'addresses:5 []NodeAddress',
    'daemonEndpoints:6 NodeDaemonEndpoints',
    'nodeInfo:7 NodeSystemInfo',
    'images:8 []ContainerImage',
    'volumesInUse:9 []string',
    'volumesAttached:10 []AttachedVolume',
  ],
  NodeCondition: [
    'type:1 string',
    'status:2 string',
    'lastHeartbeatTime:3 time',
    'lastTransitionTime:4 time',
    'reason:5 string',
    'message:6 string',
  ],
  NodeAddress: ['type:1 string', 'address:2 string'],
  NodeDaemonEndpoints: ['kubeletEndpoint:1 DaemonEndpoint'],
  DaemonEndpoint: ['Port:1 int32'],
  NodeSystemInfo: [
    'machineID:1 string',
    'systemUUID:2 string',
    'bootID:3 string',
    'kernelVersion:4 string',
    'osImage:5 string',
    'containerRuntimeVersion:6 string',
    'kubeletVersion:7 string',
    'kubeProxyVersion:8 string',
    'operatingSystem:9 string',
    'architecture:10 string',
  ],
  ContainerImage: ['names:1 []string', 'sizeBytes:2 int64'],
  AttachedVolume: ['name:1 string', 'devicePath:2 string'],
};

const COORDINATION: Readonly<Record<string, readonly string[]>> = {
  Lease: ['metadata:1 ObjectMeta', 'spec:2 LeaseSpec'],
  LeaseSpec: [
    'holderIdentity:1 *string',
    'leaseDurationSeconds:2 *int32',
    'acquireTime:3 microTime',
    'renewTime:4 microTime',
    'leaseTransitions:5 *int32',
    'strategy:6 *string',
    'preferredHolder:7 *string',
  ],
};

const REVIEWS: Readonly<Record<string, readonly string[]>> = {
  SelfSubjectAccessReview: [
    'metadata:1 ObjectMeta',
    'spec:2 SelfSubjectAccessReviewSpec',
    'status:3 SubjectAccessReviewStatus',
  ],
  SelfSubjectAccessReviewSpec: [
    'resourceAttributes:1 ResourceAttributes',
    'nonResourceAttributes:2 NonResourceAttributes',
  ],
  ResourceAttributes: [
    'namespace:1 string',
    'verb:2 string',
    'group:3 string',
    'version:4 string',
    'resource:5 string',
    'subresource:6 string',
    'name:7 string',
    'fieldSelector:8 SelectorAttributes',
    'labelSelector:9 SelectorAttributes',
  ],
  SelectorAttributes: ['rawSelector:1 string', 'requirements:2 []SelectorRequirement'],
  NonResourceAttributes: ['path:1 string', 'verb:2 string'],
  SubjectAccessReviewStatus: [
    'allowed:1 *bool',
    'denied:4 bool',
    'reason:2 string',
    'evaluationError:3 string',
  ],
  SelfSubjectReview: ['metadata:1 ObjectMeta', 'status:2 SelfSubjectReviewStatus'],
  SelfSubjectReviewStatus: ['userInfo:1 UserInfo'],
  UserInfo: ['username:1 string', 'uid:2 string', 'groups:3 []string', 'extra:4 map<stringList>'],
};

/** The API version in which a kind, and its list, travels. */
const KINDS: Readonly<Record<string, string>> = {
  Namespace: 'v1',
  Node: 'v1',
  Event: 'v1',
  Lease: 'coordination.k8s.io/v1',
  SelfSubjectAccessReview: 'authorization.k8s.io/v1',
  SelfSubjectReview: 'authentication.k8s.io/v1',
  Status: 'v1',
  PartialObjectMetadata: 'meta.k8s.io/v1',
};

const LISTED_KINDS = ['Namespace', 'Node', 'Event', 'Lease', 'PartialObjectMetadata'] as const;

const LISTS = Object.fromEntries(
  LISTED_KINDS.map((kind) => [`${kind}List`, ['metadata:1 ListMeta', `items:2 []${kind}`]]),
);

/** Every message by name. */
export const MESSAGES = messageRegistry({ ...META, ...CORE, ...NODE, ...COORDINATION, ...REVIEWS, ...LISTS });

/** The name of a kind's message in an API version; undefined where it has no protobuf form here. */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  // Clients send DeleteOptions in the API version of what they delete.
  if (kind === 'DeleteOptions') return kind;
  const isList = kind.endsWith('List') && MESSAGES.has(kind);
  const item = isList ? kind.slice(0, -'List'.length) : kind;
  return Object.hasOwn(KINDS, item) && KINDS[item] === apiVersion ? kind : undefined;
}
