import { createHash } from 'node:crypto';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { SandboxContainer, SandboxContainerStatus } from '../../../crds/sandboxcontainer/definition.ts';

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Another object has another UID: it is made of the SandboxContainer's, and stays as long. */
function podUid(uid: string): string {
  const hex = createHash('sha256').update(`pod/${uid}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function phaseOf(status: SandboxContainerStatus): Phase {
  switch (status.phase) {
    case 'Running':
    case 'BackOff':
      return 'Running';
    case 'Exited':
      return status.lastExit?.exitCode === 0 ? 'Succeeded' : 'Failed';
    case 'Failed':
      return 'Failed';
    default:
      return 'Pending';
  }
}

function ended({ lastExit }: SandboxContainerStatus): JsonRecord | undefined {
  return lastExit === undefined ? undefined : { terminated: { ...lastExit } };
}

function stateOf(status: SandboxContainerStatus): JsonRecord {
  const { phase = 'Pending', startedAt } = status;
  if (phase === 'Running') return { running: startedAt === undefined ? {} : { startedAt } };
  if (phase === 'Exited') return ended(status) ?? { waiting: { reason: phase } };
  if (phase === 'BackOff') return { waiting: { reason: 'CrashLoopBackOff' } };
  return { waiting: { reason: phase === 'Creating' ? 'ContainerCreating' : phase } };
}

function condition(type: string, isTrue: boolean, lastTransitionTime: string | null): JsonRecord {
  return { type, status: isTrue ? 'True' : 'False', lastProbeTime: null, lastTransitionTime };
}

function statusOf({ spec, status = {}, metadata }: SandboxContainer): JsonRecord {
  const name = metadata.name ?? '';
  const { ready = false, nodeName, startedAt, containerId, address } = status;
  const last = status.phase === 'Exited' ? undefined : ended(status);
  const turned = status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? null;
  return {
    phase: phaseOf(status),
    conditions: [
      condition('Initialized', true, metadata.creationTimestamp ?? null),
      condition('PodScheduled', nodeName !== undefined, metadata.creationTimestamp ?? null),
      condition('ContainersReady', ready, turned),
      condition('Ready', ready, turned),
    ],
    ...(startedAt === undefined ? {} : { startTime: startedAt }),
    ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    containerStatuses: [
      {
        name,
        ready,
        started: status.phase === 'Running',
        restartCount: status.restartCount ?? 0,
        image: spec.source.image ?? spec.source.closure ?? '',
        imageID: '',
        ...(containerId === undefined ? {} : { containerID: `podman://${containerId}` }),
        state: stateOf(status),
        lastState: last ?? {},
      },
    ],
    qosClass: 'Guaranteed',
  };
}

function containerOf({ spec, metadata }: SandboxContainer): JsonRecord {
  const { cpu, memory } = spec.resources ?? {};
  const limits = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return {
    name: metadata.name ?? '',
    image: spec.source.image ?? spec.source.closure ?? '',
    ...(spec.command === undefined ? {} : { command: spec.command }),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    ...(spec.env === undefined ? {} : { env: spec.env }),
    ...(spec.ports === undefined ? {} : { ports: spec.ports.map((port) => ({ ...port, protocol: 'TCP' })) }),
    resources: { limits, requests: limits },
    imagePullPolicy: 'IfNotPresent',
  };
}

/** A SandboxContainer as a Pod of one container, of the same name and revision. */
export function podOfContainer(container: SandboxContainer): ApiObject {
  const { metadata, spec, status = {} } = container;
  const { uid = '', name = '' } = metadata;
  const { managedFields: _managed, finalizers: _finalizers, generation: _generation, ...kept } = metadata;
  const owner = { apiVersion: 'holt.dev/v1alpha1', kind: 'SandboxContainer', name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...kept,
      uid: podUid(uid),
      ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }],
    },
    spec: {
      containers: [containerOf(container)],
      restartPolicy: spec.restartPolicy ?? 'Always',
      enableServiceLinks: false,
      ...(status.nodeName === undefined ? {} : { nodeName: status.nodeName }),
    },
    status: statusOf(container),
  };
}
