import { join } from 'node:path';
import { z } from 'zod';
import { auditRuleSchema, DEFAULT_AUDIT_RULES } from './audit-rule.ts';
import { oidcSchema } from './oidc/oidc-config.ts';

const port = z.int().min(1).max(65535);

/** Takes batches of CloudEvents by POST. */
const eventEndpointSchema = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }),
    /** File with a bearer token; read before each request. */
    tokenFile: z.string().startsWith('/').optional(),
    /** PEM of the authorities that the endpoint's certificate may be of; default: the system's. */
    caFile: z.string().startsWith('/').optional(),
    /** For a whole request. */
    timeoutMs: z.int().min(100).max(300_000).default(30_000),
  })
  .refine(
    ({ url, tokenFile }) => tokenFile === undefined || isSecret(new URL(url)),
    'a token goes over https, or to this machine, alone',
  );

function isSecret({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}

/**
 * The whole configuration of a Holt host. `holt dev up` writes it to `<stateDir>/config.json`; on a NixOS
 * host the module writes it. Every process takes `--config FILE` and nothing else, so that a process can be
 * started by hand exactly as its supervisor starts it. All ports listen on loopback.
 */
export const holtConfigSchema = z.strictObject({
  /** Absolute path under which all state lives (see `statePaths`). */
  stateDir: z.string().startsWith('/'),
  nodeName: z.string().default('node-1'),
  /** Network namespace of the VMs' side; starts with `holt`. */
  netns: z
    .string()
    .regex(/^holt[a-z0-9-]*$/)
    .default('holt'),
  /** IPv4 /16 whose host .0.1 is the bridge; VMs get the other addresses. */
  vmSubnet: z
    .string()
    .regex(/^\d+\.\d+\.0\.0\/16$/)
    .default('10.66.0.0/16'),
  ports: z.strictObject({
    router: port.default(8080),
    api: port.default(6443),
    etcdClient: port.default(2379),
    etcdPeer: port.default(2380),
    nodeMetrics: port.default(9101),
    managerMetrics: port.default(9102),
    routerMetrics: port.default(9103),
    /** UDP: HAProxy's request log, read by holt-router. */
    routerLog: port.default(9104),
    /** HAProxy's built-in Prometheus exporter. */
    haproxyMetrics: port.default(9105),
    /** holt-node's own: logs, exec, attach and port-forward, for API servers alone. */
    nodeStreams: port.default(9106),
  }),
  vmm: z.strictObject({
    /** Absolute path of the `cloud-hypervisor` binary, or of the development stand-in. */
    binary: z.string(),
    /** Files and folders that the binary needs to read, besides the system's own programs and libraries. */
    readPaths: z.array(z.string().startsWith('/')).default([]),
    /** What the preflight found: hardware virtualisation, or the software-emulation stand-in. */
    mode: z.literal(['kvm', 'emulated']),
  }),
  authentication: z
    .strictObject({
      /** `iss` of service-account tokens, and their audience unless another is asked for. */
      serviceAccountIssuer: z.url().default('https://kubernetes.default.svc.cluster.local'),
      /** Issuers of OpenID Connect tokens: `jwt` of an apiserver.config.k8s.io AuthenticationConfiguration. */
      oidc: oidcSchema,
    })
    .superRefine(({ serviceAccountIssuer, oidc }, context) => {
      for (const [index, { issuer }] of oidc.entries()) {
        if (issuer.url !== serviceAccountIssuer) continue;
        const message = `${JSON.stringify(issuer.url)}: is the issuer of this server's own tokens; name another`;
        context.addIssue({ code: 'custom', path: ['oidc', index, 'issuer', 'url'], message });
      }
    })
    .prefault({}),
  audit: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** The first that matches decides; none does: nothing is written. */
      rules: z.array(auditRuleSchema).default([...DEFAULT_AUDIT_RULES]),
      /** A file of this size is set aside; as many as `filesMax` are kept besides the one that is written. */
      fileMiB: z.int().min(1).default(50),
      filesMax: z.int().min(0).default(5),
    })
    .prefault({}),
  /** Where lifecycle Events are relayed to; each way has its own cursor. */
  eventRelay: z
    .strictObject({
      file: z
        .strictObject({
          enabled: z.boolean().default(true),
          /** A file of this size is set aside; as many as `filesMax` are kept besides the one that is written. */
          fileMiB: z.int().min(1).default(50),
          filesMax: z.int().min(0).default(5),
        })
        .prefault({}),
      endpoint: eventEndpointSchema.optional(),
    })
    .prefault({}),
  guestImages: z
    .strictObject({
      /** An artifact that nothing on this node names goes after so long; so do leftovers of builds. */
      retentionHours: z.number().positive().max(87_600).default(24),
    })
    .prefault({}),
  haproxyBinary: z.string().default('haproxy'),
  /** Development only: `/.holt/login?token=` sets the session cookie. */
  devLogin: z.boolean().default(false),
  /** OTLP/HTTP base URL; traces are exported where it is set. */
  otlpEndpoint: z.url().optional(),
  logLevel: z.literal(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

export type HoltConfig = z.infer<typeof holtConfigSchema>;

/** Where each kind of state lives. Unix socket paths must stay below 108 bytes: run directories are short. */
export function statePaths(stateDir: string) {
  return {
    config: join(stateDir, 'config.json'),
    kubeconfig: join(stateDir, 'kubeconfig'),
    logs: join(stateDir, 'logs'),
    /** Who changed what: audit.k8s.io/v1 events of holt-api. */
    auditLog: join(stateDir, 'logs', 'audit.log'),
    /** Every lifecycle Event, as CloudEvents: written by holt-manager. */
    eventStream: join(stateDir, 'logs', 'event-stream.jsonl'),
    pki: join(stateDir, 'pki'),
    etcd: join(stateDir, 'etcd'),
    /** Guest image artifacts: `<images>/<sha256 hex>/{manifest.json,vmlinuz,initramfs,root.erofs}`. */
    images: join(stateDir, 'images'),
    /** One directory a VM, named by the first 12 hex digits of the UserVM's UID. */
    vms: join(stateDir, 'vm'),
    /** Data volumes: `<volumes>/<UserVM UID>.raw`. */
    volumes: join(stateDir, 'volumes'),
    /** Sockets and pid files of the processes themselves. */
    run: join(stateDir, 'run'),
    router: join(stateDir, 'router'),
    /** ES256 key pair of session tokens: `key.pem`, `pub.pem`. */
    session: join(stateDir, 'session'),
  };
}

/** @throws z.ZodError naming the wrong field */
export function parseConfig(json: string): HoltConfig {
  return holtConfigSchema.parse(JSON.parse(json));
}

/** A wrong configuration in one line: each field, and what is wrong with it. */
export function explainConfigError({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `configuration: ${path.join('.')}: ${message}`).join('; ');
}
