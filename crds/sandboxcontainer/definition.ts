import { z } from 'zod';
import { conditionsSchema, dnsLabel, type ObjectMeta } from '../meta/meta.ts';
import { byteQuantity, cpuQuantity } from '../meta/quantities.ts';
import type { ResourceDefinition } from '../meta/resource-definition.ts';
import { timestamp } from '../meta/timestamp.ts';

const port = z.int().min(1).max(65535);

export const readinessProbeSchema = z.object({
  httpGet: z
    .object({
      path: z.string().startsWith('/').default('/').describe('Path of the request.'),
      port: port.describe('Container port of the request.'),
    })
    .describe('Ready on status 200 to 399.'),
  initialDelaySeconds: z.int().min(0).default(0).describe('Wait after the start before the first probe.'),
  periodSeconds: z.int().min(1).default(5).describe('Time from one probe to the next.'),
  timeoutSeconds: z.int().min(1).default(5).describe('A probe that takes longer has failed.'),
  successThreshold: z.int().min(1).default(1).describe('Passes in a row that make the container ready.'),
  failureThreshold: z.int().min(1).default(3).describe('Failures in a row that make it not ready.'),
});

export const jobSchema = z.object({
  backoffLimit: z
    .int()
    .min(0)
    .default(6)
    .describe('Failed attempts that are followed by another one; 0: the program never starts twice.'),
  activeDeadlineSeconds: z
    .int()
    .min(1)
    .optional()
    .describe('The job is ended, and has failed, so long after status.startTime.'),
  ttlSecondsAfterFinished: z
    .int()
    .min(0)
    .optional()
    .describe('The object is deleted, with its log, so long after it finished; default: never.'),
  suspend: z
    .boolean()
    .optional()
    .describe('Ends a running attempt, which then counts as none, and begins no other until it is false.'),
});

export const sandboxContainerSpecSchema = z.object({
  vmRef: z
    .object({ name: dnsLabel.describe('Name of the UserVM.') })
    .describe('The UserVM, in the same namespace, that runs this container. Immutable.'),
  role: z
    .enum(['live', 'dev', 'sidecar', 'job'])
    .describe(
      'live serves `/`, dev serves `/dev` and below; one of each a VM. job: runs to completion. Immutable.',
    ),
  source: z
    .object({
      closure: z
        .string()
        .startsWith('/')
        .optional()
        .describe('Root file system inside the guest image, e.g. /opt/holt/closures/node.'),
      image: z
        .string()
        .min(1)
        .optional()
        .describe('OCI image reference, pulled by the guest where it is missing.'),
    })
    .meta({
      'x-kubernetes-validations': [
        { rule: 'has(self.closure) != has(self.image)', message: 'give exactly one of closure and image' },
      ],
    })
    .describe('Exactly one of closure and image.'),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Program and arguments; an OCI image may bring its own.'),
  env: z
    .array(
      z.object({
        name: z
          .string()
          .regex(
            /^[A-Za-z_][A-Za-z0-9_]*$/,
            'must be letters, digits and "_", not beginning with a digit, such as "LOG_LEVEL"',
          )
          .describe('Name of the variable.'),
        value: z.string().describe('Value of the variable; not for secrets.'),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Environment variables, besides those that Holt sets (HOLT_* and PORT).'),
  workingDir: z
    .string()
    .startsWith('/')
    .optional()
    .describe('Working directory; default: that of the image, else /.'),
  ports: z
    .array(
      z.object({
        name: dnsLabel.describe('Name of the port, unique in the container.'),
        containerPort: port.describe('Where the program listens.'),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('Ports that the program listens on.'),
  route: z
    .object({ port: port.describe('The container port that the route leads to.') })
    .optional()
    .describe('Default: the first of ports.'),
  resources: z
    .object({
      cpu: cpuQuantity.default('500m').describe('CPU limit in cores.'),
      memory: byteQuantity
        .default('256Mi')
        .describe('Memory limit; swap is not given. Over it the container is killed.'),
      pids: z
        .int()
        .min(1)
        .max(32768)
        .default(256)
        .describe('Processes and threads; a container that stays at the limit is stopped.'),
    })
    .default({ cpu: '500m', memory: '256Mi', pids: 256 })
    .describe('Limits that hold in the guest.'),
  volumeMounts: z
    .array(
      z.object({
        mountPath: z.string().startsWith('/').describe('Where it is in the container.'),
        subPath: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be one directory name such as "data"')
          .default('data')
          .describe("Directory on the VM's data volume."),
        readOnly: z.boolean().optional().describe('Whether the container may only read it. Default false.'),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['mountPath'] })
    .optional()
    .describe("Directories of the VM's data volume."),
  readinessProbe: readinessProbeSchema
    .optional()
    .describe('When the container is ready; without it, as soon as it runs.'),
  dependsOn: z
    .array(
      z.object({
        name: dnsLabel.describe('Name of another SandboxContainer of the same VM.'),
        condition: z
          .enum(['Started', 'Ready', 'Complete'])
          .default('Ready')
          .describe('What it must be: running, running and ready, or, for a job, done.'),
      }),
    )
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe(
      'What must be there before the container is made, at first and after each boot of the VM. A restart in place ' +
        'does not wait.',
    ),
  restartPolicy: z
    .enum(['Always', 'OnFailure', 'Never'])
    .default('Always')
    .describe(
      'Whether the program is started again when it ends. A job has OnFailure (a failed attempt is repeated in ' +
        'the same container) or Never (in a new one).',
    ),
  job: jobSchema
    .optional()
    .describe('How a job is run, as in batch/v1. Only for role job, and all of it that can be changed.'),
});

export const sandboxContainerStatusSchema = z.object({
  phase: z
    .enum(['Pending', 'Creating', 'Running', 'BackOff', 'Exited', 'Failed'])
    .optional()
    .describe('Where the container stands, in a word.'),
  observedGeneration: z.int().optional().describe('The metadata.generation that this status is about.'),
  nodeName: z.string().optional().describe('The node that runs the VM.'),
  vmId: z.string().optional().describe('The VM that runs it: status.vmId of the UserVM.'),
  containerId: z.string().optional().describe('Id in the guest.'),
  address: z.string().optional().describe('Address inside the guest.'),
  routePort: z.int().optional().describe('The container port that the route leads to.'),
  ready: z.boolean().optional().describe('Whether it answers.'),
  restartCount: z.int().optional().describe('How often the program was started again.'),
  startedAt: timestamp.optional().describe('When the program was last started.'),
  lastExit: z
    .object({
      exitCode: z.int().describe('Exit status of the program; 128 and the signal where one ended it.'),
      reason: z.string().describe('Why it ended, e.g. OOMKilled, Error, Completed.'),
      startedAt: timestamp.optional().describe('When the run that ended was started.'),
      finishedAt: timestamp.describe('When it ended.'),
      containerId: z.string().optional().describe('Id in the guest of what ended.'),
    })
    .optional()
    .describe('How the program last ended.'),
  startTime: timestamp.optional().describe('A job: when its first attempt began.'),
  completionTime: timestamp.optional().describe('A job: when its success was seen.'),
  active: z.int().optional().describe('A job: 1 while an attempt is under way, else 0.'),
  attempts: z.int().optional().describe('A job: attempts so far. Each was written here before it started.'),
  failedAttempts: z.int().optional().describe('A job: attempts that failed or were cut short.'),
  conditions: conditionsSchema.optional(),
});

export type ReadinessProbe = z.infer<typeof readinessProbeSchema>;
export type JobPolicy = z.infer<typeof jobSchema>;
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
  hasStreams: true,
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
    {
      name: 'Complete',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Complete")].status',
      description: 'Whether a job is done',
      priority: 1,
    },
    {
      name: 'Attempts',
      type: 'integer',
      jsonPath: '.status.attempts',
      description: 'Attempts of a job',
      priority: 1,
    },
    { name: 'Restarts', type: 'integer', jsonPath: '.status.restartCount', description: 'Restarts so far' },
    {
      name: 'Last-Exit',
      type: 'string',
      jsonPath: '.status.lastExit.reason',
      description: 'Why it last ended',
      priority: 1,
    },
    {
      name: 'Container-ID',
      type: 'string',
      jsonPath: '.status.containerId',
      description: 'Id in the guest',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since its creation' },
  ],
};
