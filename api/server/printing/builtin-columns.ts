import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { Column } from './columns.ts';
import { eventColumns } from './event-columns.ts';
import { BINDING_COLUMNS, POLICY_COLUMNS } from './policy-columns.ts';
import { AGE, column, NAME } from './simple-columns.ts';

/*
 * Columns that are computed, as kubectl's users know them.
 * Source: kubernetes 1.32 pkg/printers/internalversion/printers.go
 */

function sizeOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

const configMapColumns = [
  NAME,
  column(
    { name: 'Data', description: 'How many keys it has' },
    (object) => sizeOf(object.data) + sizeOf(object.binaryData),
  ),
  AGE,
];

const secretColumns = [
  NAME,
  column({ name: 'Type', description: 'What programs may expect in it' }, ({ type }) => type ?? ''),
  column({ name: 'Data', description: 'How many keys it has' }, ({ data }) => sizeOf(data)),
  AGE,
];

const serviceAccountColumns = [
  NAME,
  column({ name: 'Secrets', description: 'How many Secrets it names' }, ({ secrets }) => sizeOf(secrets)),
  AGE,
];

function records(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The names of the subjects of a kind; those with a namespace as `namespace/name`. */
function subjectNames({ subjects }: ApiObject, kind: string): string {
  return records(subjects)
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (namespace ? `${String(namespace)}/${String(name)}` : String(name)))
    .join(', ');
}

const bindingColumns = [
  NAME,
  column({ name: 'Role', description: 'The role that is given' }, ({ roleRef }) =>
    isRecord(roleRef) ? `${String(roleRef.kind)}/${String(roleRef.name)}` : '',
  ),
  AGE,
  ...(['User', 'Group', 'ServiceAccount'] as const).map((kind) =>
    column({ name: `${kind}s`, description: `Each ${kind} that is given it`, isWide: true }, (object) =>
      subjectNames(object, kind),
    ),
  ),
];

/** `resource: used/hard` of the limits whose name begins with `limits.`, or of all others. */
function usage({ status }: ApiObject, isLimit: boolean): string {
  const { hard, used }: JsonRecord = isRecord(status) ? status : {};
  const usedOf = (name: string) => (isRecord(used) ? (used[name] ?? '0') : '0');
  return Object.entries(isRecord(hard) ? hard : {})
    .filter(([name]) => name.startsWith('limits.') === isLimit)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, most]) => `${name}: ${String(usedOf(name))}/${String(most)}`)
    .join(', ');
}

const quotaColumns = [
  NAME,
  AGE,
  column({ name: 'Request', description: 'What is used of what may be asked for' }, (quota) =>
    usage(quota, false),
  ),
  column({ name: 'Limit', description: 'What is used of the limits' }, (quota) => usage(quota, true)),
];

/** Services without a cluster network have no addresses but their external names. */
function externalAddress({ type, externalIPs, externalName }: JsonRecord): string {
  if (type === 'ExternalName') return String(externalName ?? '');
  return Array.isArray(externalIPs) && externalIPs.length > 0 ? externalIPs.join(',') : '<none>';
}

function specOf({ spec }: ApiObject): JsonRecord {
  return isRecord(spec) ? spec : {};
}

const serviceColumns = [
  NAME,
  column({ name: 'Type', description: 'ClusterIP or ExternalName' }, (service) => specOf(service).type ?? ''),
  column({ name: 'Cluster-IP', description: 'None: there is no cluster network' }, (service) => {
    return specOf(service).clusterIP || '<none>';
  }),
  column({ name: 'External-IP', description: 'Where it is reached from outside' }, (service) =>
    externalAddress(specOf(service)),
  ),
  column({ name: 'Port(s)', description: 'The ports that it is reached at' }, (service) => {
    const ports = records(specOf(service).ports).map(({ port, protocol }) => `${port}/${protocol}`);
    return ports.join(',') || '<none>';
  }),
  AGE,
  column({ name: 'Selector', description: 'Labels of what serves it', isWide: true }, (service) => {
    const { selector } = specOf(service);
    const labels = Object.entries(isRecord(selector) ? selector : {}).map((label) => label.join('='));
    return labels.sort().join(',') || '<none>';
  }),
];

function statusOf({ status }: ApiObject): JsonRecord {
  return isRecord(status) ? status : {};
}

function containerOf(pod: ApiObject): JsonRecord {
  return records(statusOf(pod).containerStatuses)[0] ?? {};
}

/** Why the container waits or ended, else the phase. */
function podState(pod: ApiObject): unknown {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { waiting, terminated }: JsonRecord = isRecord(containerOf(pod).state)
    ? (containerOf(pod).state as JsonRecord)
    : {};
  const reason = [waiting, terminated].find(isRecord)?.reason;
  return reason ?? statusOf(pod).phase ?? '';
}

const podColumns = [
  NAME,
  column(
    { name: 'Ready', description: 'Ready containers of all' },
    (pod) => `${containerOf(pod).ready === true ? 1 : 0}/1`,
  ),
  column({ name: 'Status', description: 'How it stands, in a word' }, podState),
  column({ name: 'Restarts', description: 'Restarts so far' }, (pod) =>
    String(containerOf(pod).restartCount ?? 0),
  ),
  AGE,
  column(
    { name: 'IP', description: 'Address inside the guest', isWide: true },
    (pod) => statusOf(pod).podIP ?? '<none>',
  ),
  column(
    { name: 'Node', description: 'The node that runs its VM', isWide: true },
    (pod) => specOf(pod).nodeName ?? '<none>',
  ),
];

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  Event: eventColumns(),
  ConfigMap: configMapColumns,
  Secret: secretColumns,
  ServiceAccount: serviceAccountColumns,
  Service: serviceColumns,
  Pod: podColumns,
  RoleBinding: bindingColumns,
  ClusterRoleBinding: bindingColumns,
  ResourceQuota: quotaColumns,
  ValidatingAdmissionPolicy: POLICY_COLUMNS,
  ValidatingAdmissionPolicyBinding: BINDING_COLUMNS,
};

/** The columns of a built-in kind where they are computed; undefined where its definition says all. */
export function builtInColumns(kind: string): readonly Column[] | undefined {
  return Object.hasOwn(COLUMNS, kind) ? COLUMNS[kind] : undefined;
}
