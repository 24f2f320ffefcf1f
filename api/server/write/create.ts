import { randomBytes, randomUUID } from 'node:crypto';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject, ObjectMeta } from '../../../crds/meta/meta.ts';
import { guaranteedUpdate } from '../../storage/guaranteed-update.ts';
import { objectKey } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import { reservationGuards, reservationValue } from '../admission/reservations.ts';
import { managedAfterUpdate } from '../apply/field-manager.ts';
import { isCrdKind } from '../customresources/crd-object.ts';
import { ServedGuard } from '../customresources/served-guard.ts';
import { alreadyExists, badRequest } from '../http/errors.ts';
import { StatusError } from '../http/status-error.ts';
import { isQuotaKind } from '../quota/quota-change.ts';
import { WriteQuotas } from '../quota/write-quotas.ts';
import { fieldWriterOf, type ManageFields, sentManagedFields, setManagedFields } from './manage-fields.ts';
import { NamespaceGuard } from './namespace-guard.ts';
import { checkIdentity, hasGeneration, isTraced, setTraceparent, validated } from './prepare.ts';
import { withSnapshotSize } from './snapshot-size.ts';
import { timestamp, type WriteRequest, type WriteResult } from './write-request.ts';

/** Kubernetes tries a generated name this often before it gives up. */
const GENERATE_ATTEMPTS_MAX = 8;
/** As in k8s.io/apimachinery/pkg/util/rand: no vowels, nothing that looks like another character. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const GENERATED_NAME_LENGTH_MAX = 63;

function generateName(base: string): string {
  const suffix = [...randomBytes(5)].map((byte) => SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length]).join('');
  return base.slice(0, GENERATED_NAME_LENGTH_MAX - suffix.length) + suffix;
}

/** The client's object with what the server sets, and without what only the server may set. */
function withSystemFields(request: WriteRequest, body: JsonRecord, name: string, nowMs: number): JsonRecord {
  const { definition } = request.resource;
  const sent: ObjectMeta = isRecord(body.metadata) ? body.metadata : {};
  const { deletionTimestamp: _, deletionGracePeriodSeconds: __, managedFields: ___, ...metadata } = sent;
  const isNamespace = definition.group === '' && definition.kind === 'Namespace';
  const object: JsonRecord = {
    ...body,
    metadata: {
      ...metadata,
      name,
      ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
      uid: randomUUID(),
      creationTimestamp: timestamp(nowMs),
      ...(hasGeneration(definition) ? { generation: 1 } : {}),
    },
  };
  const isServersOwn = hasGeneration(definition) || isCrdKind(definition) || isQuotaKind(definition);
  if (definition.hasStatus && isServersOwn) delete object.status;
  return isNamespace ? withNamespaceFields(object, name) : withSnapshotSize({ ...request, name }, object);
}

function withNamespaceFields(object: JsonRecord, name: string): JsonRecord {
  const metadata = object.metadata as ObjectMeta;
  return {
    ...object,
    metadata: { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

/**
 * Creates an object of a known name.
 * @param manageFields who owns what; by default the manager of the request owns everything
 * @throws StatusError
 */
export async function createNamed(
  request: WriteRequest,
  body: JsonRecord,
  name: string,
  manageFields?: ManageFields,
): Promise<WriteResult> {
  const { context, resource, namespace } = request;
  const { definition } = resource;
  const prepared = withSystemFields(request, body, name, context.clock.nowMs());
  const { object, warnings } = validated({ ...request, name }, prepared, undefined);
  const namespaceGuard =
    namespace === undefined ? undefined : new NamespaceGuard(context, resource, namespace, name);
  const managedFields = sentManagedFields(body);
  const entries =
    manageFields?.(object) ?? managedAfterUpdate(fieldWriterOf(request), undefined, object, managedFields);
  setManagedFields(object, entries);
  // What is only tried begins no trace: `kubectl diff` would show it.
  if (isTraced(definition) && !request.dryRun) setTraceparent(object, request.traceparent);
  await askPolicies({ ...request, name }, object, namespaceGuard);
  const value = resource.encode(object);
  const key = objectKey(definition, namespace, name);
  const servedGuard =
    resource.crdName === undefined ? undefined : new ServedGuard(context, resource, resource.crdName);
  const reservations = reservationGuards(definition, object);
  const cached = context.cache.get(key);
  using quotas = new WriteQuotas({ ...request, name });
  if (request.dryRun) {
    const guard = await namespaceGuard?.guard();
    servedGuard?.guard();
    await checkDryRun(request, key, object);
    if (guard !== undefined) await quotas.planCreate(object, guard.modRevision);
    return { action: 'put', stored: new StoredObject(key, value, 0), warnings };
  }
  const result = await guaranteedUpdate({
    kv: context.kv,
    key,
    cached,
    assumeAbsent: true,
    attemptsMax: () => quotas.attemptsMax,
    plan: async (current) => {
      const guard = await namespaceGuard?.guard();
      const guards = guard === undefined ? [] : [guard];
      if (servedGuard !== undefined) guards.push(servedGuard.guard());
      if (current !== undefined) throw alreadyExists(definition, name);
      const charged = guard && (await quotas.planCreate(object, guard.modRevision));
      const claims = reservations.map(({ key: put }) => ({ put, value: reservationValue(object) }));
      const announced = isQuotaKind(definition) ? (namespaceGuard?.touch() ?? []) : [];
      return {
        action: 'put',
        value,
        guards: [...guards, ...reservations, ...(charged?.guards ?? [])],
        also: [...claims, ...announced, ...(charged?.also ?? [])],
      };
    },
  });
  quotas.committed(result.revision);
  return {
    action: result.action,
    stored: result.stored ?? new StoredObject(key, value, result.revision),
    warnings,
  };
}

/** Policies see the namespace that is there; without one there is nothing to ask. */
async function askPolicies(
  request: WriteRequest,
  object: ApiObject,
  namespaceGuard: NamespaceGuard | undefined,
): Promise<void> {
  const { admission } = request;
  if (admission === undefined || !admission.asks(request)) return;
  await namespaceGuard?.guard();
  const namespaceObject = namespaceGuard?.namespace;
  admission.check(request, { operation: 'CREATE', object, oldObject: null, namespaceObject });
}

/** What the transaction would have found. */
async function checkDryRun(request: WriteRequest, key: string, object: ApiObject): Promise<void> {
  const { kv } = request.context;
  const { definition } = request.resource;
  if ((await kv.range({ key })).items.length > 0) throw alreadyExists(definition, object.metadata.name ?? '');
  for (const guard of reservationGuards(definition, object)) {
    const error = guard.onMismatch((await kv.range({ key: guard.key })).items[0]);
    if (error !== undefined) throw error;
  }
}

/**
 * Creates an object, with a generated name where only `metadata.generateName` is given.
 * @throws StatusError
 */
export async function createObject(request: WriteRequest, body: JsonRecord): Promise<WriteResult> {
  checkIdentity(request, body);
  const metadata: ObjectMeta = isRecord(body.metadata) ? body.metadata : {};
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const { name, generateName: base } = metadata;
  if (typeof name === 'string' && name !== '') return createNamed(request, body, name);
  if (typeof base !== 'string' || base === '') return createNamed(request, body, '');
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await createNamed(request, body, generateName(base));
    } catch (error) {
      const isTaken = error instanceof StatusError && error.reason === 'AlreadyExists';
      if (!isTaken || attempt >= GENERATE_ATTEMPTS_MAX) throw error;
    }
  }
}
