import { z } from 'zod';
import { QUANTITY_PATTERN } from '../../lib/quantity.ts';
import { conditionSchema, dnsLabel, type ObjectMeta } from '../meta/meta.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';

const quantity = z.string().regex(QUANTITY_PATTERN, 'must be a positive quantity such as "500m" or "256Mi"');
const port = z.int().min(1).max(65535);

export const readinessProbeSchema = z.object({
  httpGet: z.object({ path: z.string().startsWith('/').default('/'), port }).describe('Ready on status 200 to 399.'),
  initialDelaySeconds: z.int().min(0).default(0),
  periodSeconds: z.int().min(1).default(5),
  timeoutSeconds: z.int().min(1).default(5),
  successThreshold: z.int().min(1).default(1),
  failureThreshold: z.int().min(1).default(3),
});

export const sandboxContainerSpecSchema = z.object({
  vmRef: z.object({ name: dnsLabel }).describe('The UserVM, in the same namespace, that runs this container. Immutable.'),
  role: z
    .enum(['live', 'dev', 'sidecar', 'job'])
    .describe('live serves `/`, dev serves `/dev` and below; one of each a VM. Immutable.'),
  source: z
    .object({
      closure: z.string().startsWith('/').optional().describe('Root file system inside the guest image, e.g. /opt/holt/closures/node.'),
      image: z.string().min(1).optional().describe('OCI image reference, pulled by the guest where it is missing.'),
    })
    .describe('Exactly one of closure and image.'),
  command: z.array(z.string()).min(1).optional().describe('Program and arguments; an OCI image may bring its own.'),
  env: z.array(z.object({ name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), value: z.string() })).optional(),
  workingDir: z.string().startsWith('/').optional(),
  ports: z.array(z.object({ name: dnsLabel, containerPort: port })).optional(),
  route: z
    .object({ port: port.describe('The container port that the route leads to.') })
    .optional()
    .describe('Default: the first of ports.'),
  resources: z
    .object({
      cpu: quantity.default('500m').describe('CPU limit in cores.'),
      memory: quantity.default('256Mi').describe('Memory limit; swap is not given. Over it the container is killed.'),
      pids: z.int().min(1).max(32768).default(256).describe('Processes and threads; a container that stays at the limit is stopped.'),
    })
    .default({ cpu: '500m', memory: '256Mi', pids: 256 }),
  volumeMounts: z
    .array(
      z.object({
        mountPath: z.string().startsWith('/'),
        subPath: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
          .default('data')
          .describe('Directory on the VM\'s data volume.'),
        readOnly: z.boolean().default(false),
      }),
    )
    .optional()
    .describe('Directories of the VM\'s data volume.'),
  readinessProbe: readinessProbeSchema.optional(),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).default('Always'),
});

export const sandboxContainerStatusSchema = z.object({
  phase: z.enum(['Pending', 'Creating', 'Running', 'BackOff', 'Exited', 'Failed']).optional(),
  observedGeneration: z.int().optional(),
  nodeName: z.string().optional(),
  vmId: z.string().optional(),
  containerId: z.string().optional(),
  address: z.string().optional().describe('Address inside the guest.'),
  routePort: z.int().optional(),
  ready: z.boolean().optional(),
  restartCount: z.int().optional(),
  startedAt: z.string().optional(),
  lastExit: z
    .object({ exitCode: z.int(), reason: z.string(), finishedAt: z.string() })
    .optional(),
  conditions: z.array(conditionSchema).optional(),
});

export type ReadinessProbe = z.infer<typeof readinessProbeSchema>;
export type SandboxContainerSpec = z.infer<typeof sandboxContainerSpecSchema>;
export type SandboxContainerStatus = z.infer<typeof sandboxContainerStatusSchema>;

export interface SandboxContainer {
  apiVersion: 'holt.dev/v1alpha1';
  kind: 'SandboxContainer';
  metadata: ObjectMeta;
  spec: SandboxContainerSpec;
  status?: SandboxContainerStatus;
  [field: string]: unknown;
}

export const sandboxContainerDefinition: ResourceDefinition = {
  group: 'holt.dev',
  version: 'v1alpha1',
  kind: 'SandboxContainer',
  plural: 'sandboxcontainers',
  singular: 'sandboxcontainer',
  shortNames: ['sc'],
  categories: ['all', 'holt'],
  namespaced: true,
  hasStatus: true,
  builtIn: false,
  description: "A container inside a user's VM.",
  schema: z.object({ spec: sandboxContainerSpecSchema, status: sandboxContainerStatusSchema.optional() }),
  selectableFields: ['spec.vmRef.name', 'spec.role', 'status.nodeName', 'status.phase'],
  immutableFields: ['spec.vmRef.name', 'spec.role'],
  printerColumns: [
    { name: 'VM', type: 'string', jsonPath: '.spec.vmRef.name', description: 'The UserVM that runs it' },
    { name: 'Role', type: 'string', jsonPath: '.spec.role', description: 'live, dev, sidecar or job' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'Where the container stands' },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether it answers',
    },
    { name: 'Restarts', type: 'integer', jsonPath: '.status.restartCount', description: 'Restarts so far' },
    { name: 'Last-Exit', type: 'string', jsonPath: '.status.lastExit.reason', description: 'Why it last ended', priority: 1 },
    { name: 'Container-ID', type: 'string', jsonPath: '.status.containerId', description: 'Id in the guest', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
