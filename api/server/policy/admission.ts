import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { ADMISSION_GROUP } from '../../../crds/meta/admission.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { apiVersionOf } from '../../../crds/meta/resource-definition.ts';
import { namespaceDefinition } from '../../../crds/namespace/definition.ts';
import { objectKey } from '../../storage/keys.ts';
import { scaleOf } from '../customresources/scale.ts';
import type { ServerContext } from '../http/context.ts';
import { serviceUnavailable } from '../http/errors.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { Authorizer, ResourceCheck } from './authorizer.ts';
import { spend } from './compile-expression.ts';
import { type Dispatch, dispatchPolicies, type PolicyReport } from './dispatch.ts';
import { policyEnvironment, untyped } from './environment.ts';
import type { Activation } from './evaluate.ts';
import { type GroupVersionKind, isNamespaceWrite, type Operation, type PolicyWrite } from './policy-write.ts';
import { requestObject } from './request-object.ts';

/** What is to be written. */
export interface ProposedWrite {
  readonly operation: Operation;
  /** Null for a delete. */
  readonly object: ApiObject | null;
  /** Null for a create. */
  readonly oldObject: ApiObject | null;
  /** What kind the object is of where it is a subresource's own. */
  readonly kind?: GroupVersionKind;
  /** What the options of the write have besides those of every write. */
  readonly options?: JsonRecord;
  /** The namespace, where it is known better than from memory. */
  readonly namespaceObject?: ApiObject | undefined;
}

/** The writes that no policy is asked about, so that none can keep itself from being taken away. */
function isExempt({ resource }: WriteRequest): boolean {
  return resource.definition.group === ADMISSION_GROUP;
}

const OPTIONS_KINDS: Readonly<Record<Operation, string>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: 'ConnectOptions',
};

function optionsOf(request: WriteRequest, { operation, options = {} }: ProposedWrite): JsonRecord {
  const { dryRun, fieldManager, fieldValidation } = request;
  return {
    kind: OPTIONS_KINDS[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...(operation === 'DELETE'
      ? {}
      : { fieldValidation, ...(fieldManager === undefined ? {} : { fieldManager }) }),
    ...options,
  };
}

function kindOf({ resource, subresource }: WriteRequest): GroupVersionKind {
  const { group, version, kind, scale } = resource.definition;
  return subresource === 'scale' && scale !== undefined
    ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    : { group, version, kind };
}

/** The object as the subresource shows it. */
function shown({ resource, subresource }: WriteRequest, object: ApiObject | null): JsonRecord | null {
  const { scale } = resource.definition;
  if (object === null || subresource !== 'scale' || scale === undefined) return object;
  return { ...scaleOf(scale, object) };
}

/** @throws StatusError 503 where memory does not have it: it was made a moment ago */
function namespaceOf({ cache }: ServerContext, name: string): ApiObject | undefined {
  if (name === '') return undefined;
  const stored = cache.get(objectKey(namespaceDefinition, undefined, name));
  if (stored !== undefined) return stored.object;
  throw serviceUnavailable(`the namespace ${name} is not yet read from etcd: try again`);
}

function policyWrite(request: WriteRequest, proposed: ProposedWrite): PolicyWrite {
  const { context, resource, subresource, name, user } = request;
  const { group, version, plural } = resource.definition;
  const { namespaceObject } = proposed;
  const namespace = isNamespaceWrite({ group, plural }) ? name : (request.namespace ?? '');
  return {
    operation: proposed.operation,
    ...{ group, version, plural, subresource, namespace, name, user },
    kind: proposed.kind ?? kindOf(request),
    object: shown(request, proposed.object),
    oldObject: shown(request, proposed.oldObject),
    dryRun: request.dryRun,
    options: optionsOf(request, proposed),
    otherVersions: () =>
      context.catalog.definitions
        .filter((other) => other.group === group && other.plural === plural && other.version !== version)
        .map((other) => other.version),
    namespaceObject: () => namespaceObject ?? namespaceOf(context, namespace),
  };
}

/** Fields of a namespace's metadata that expressions do not see. */
const HIDDEN_METADATA: ReadonlySet<string> = new Set(['managedFields', 'ownerReferences']);

function namespaceForExpressions(write: PolicyWrite): unknown {
  if (isNamespaceWrite(write)) return null;
  const namespace = write.namespaceObject();
  if (namespace === undefined) return null;
  const metadata = Object.entries(namespace.metadata).filter(([field]) => !HIDDEN_METADATA.has(field));
  return untyped({ ...namespace, metadata: Object.fromEntries(metadata) });
}

/** The object in another version of its kind: versions differ in their name alone. */
function inVersion(object: JsonRecord | null, write: PolicyWrite, version: string): JsonRecord | null {
  const isOwnKind = write.kind.group === write.group && write.kind.version === write.version;
  if (object === null || !isOwnKind || version === write.version) return object;
  return { ...object, apiVersion: apiVersionOf({ group: write.group, version }) };
}

/** What expressions look at; each part is made when it is first looked at, and once for all policies. */
class Views {
  readonly #request: WriteRequest;
  readonly #write: PolicyWrite;
  readonly #made = new Map<string, unknown>();

  constructor(request: WriteRequest, write: PolicyWrite) {
    this.#request = request;
    this.#write = write;
  }

  #once(key: string, make: () => unknown): unknown {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key);
  }

  #authorizer(): Authorizer {
    const { user, group, plural, subresource, namespace, name } = this.#write;
    const asking = { authorize: this.#request.context.authorize, spend };
    const fields = { group, resource: plural, subresource, namespace, name };
    return new Authorizer(asking, user, new ResourceCheck(asking, user, fields));
  }

  activation(version: string, params: JsonRecord | null): Activation {
    const write = this.#write;
    const once = (key: string, make: () => unknown) => this.#once(key, make);
    const { request } = policyEnvironment();
    return {
      get object() {
        return once(`object/${version}`, () => untyped(inVersion(write.object, write, version)));
      },
      get oldObject() {
        return once(`oldObject/${version}`, () => untyped(inVersion(write.oldObject, write, version)));
      },
      get request() {
        return once(`request/${version}`, () => request.convert(requestObject(write, version)));
      },
      get namespaceObject() {
        return once('namespaceObject', () => namespaceForExpressions(write));
      },
      authorizer: once('authorizer', () => this.#authorizer()),
      params: untyped(params),
    };
  }
}

/** The policies as one request meets them. */
export class PolicyAdmission {
  readonly #report: PolicyReport;

  constructor(report: PolicyReport) {
    this.#report = report;
  }

  /** Whether there are policies to ask about a write. @throws StatusError 503 while they are not yet read */
  asks(request: WriteRequest): boolean {
    const { cache, policies } = request.context;
    if (isExempt(request)) return false;
    if (!cache.ready) throw serviceUnavailable('the policies are not yet read from etcd: try again');
    return policies.policies.length > 0;
  }

  /**
   * Asks every policy in force about a write.
   * @throws StatusError where one denies it, 422 or as its reason says; 503 while memory is not filled
   */
  check(request: WriteRequest, proposed: ProposedWrite): void {
    if (!this.asks(request)) return;
    const { context } = request;
    const write = policyWrite(request, proposed);
    const views = new Views(request, write);
    const dispatch: Dispatch = {
      source: context,
      write,
      report: this.#report,
      activation: (version, params) => views.activation(version, params),
    };
    dispatchPolicies(context.policies.policies, dispatch);
  }
}
