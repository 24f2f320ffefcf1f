import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { checkCertificates, firstExpiryMs } from './check-certificates.ts';
import { parseServiceAccountKeys, type ServiceAccountKeys } from './server/auth/service-account/key-set.ts';
import type { NodeTls } from './server/connect/node-link.ts';
import type { ServingTls } from './server/http/serving-tls.ts';
import { type EncryptionKey, parseEncryptionKeys } from './storage/encryption/value-transformer.ts';
import type { EtcdTls } from './storage/etcd/connection.ts';
import { type FileSet, watchFiles } from './watch-files.ts';

/** Towards nodes. */
const NODE = ['api-node.crt', 'api-node.key', 'ca.crt'] as const;
const SERVING = ['api.crt', 'api.key', 'ca.crt'] as const;
const ETCD = ['etcd-client.crt', 'etcd-client.key', 'etcd-ca.crt'] as const;
const SERVICE_ACCOUNT = ['sa.key', 'sa.pub'] as const;
const ENCRYPTION = ['encryption-keys.json'] as const;

/** What uses the files; each throws, and keeps what it had, when new ones are no good. */
export interface PkiUsers {
  readonly useTls: (tls: ServingTls) => void;
  /** Whether etcd answers to a client with these. @throws Error when it does not */
  readonly tryEtcd: (tls: EtcdTls) => Promise<void>;
  /** New encryption keys are in use. */
  readonly onEncryptionKeys: () => void;
}

export interface PkiOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

const NOTHING = Buffer.alloc(0);

/** Certificates and keys of a directory: as they are at the start, and as they change while the server runs. */
export class Pki {
  readonly #options: PkiOptions;
  readonly #initial: ReadonlyMap<string, readonly Buffer[]>;
  readonly #expiriesMs = new Map<string, number>();
  #etcdTls: EtcdTls;
  #nodeTls: NodeTls;
  #serviceAccountKeys: ServiceAccountKeys;
  #encryptionKeys: readonly EncryptionKey[];
  readonly servingTls: ServingTls;

  /** @throws Error for a file that is missing, or keys of service accounts or encryption that cannot be used */
  constructor(options: PkiOptions) {
    this.#options = options;
    const read = (names: readonly string[]) => names.map((name) => readFileSync(join(options.dir, name)));
    const [serving, etcd, keys] = [read(SERVING), read(ETCD), read(SERVICE_ACCOUNT)];
    const encryption = read(ENCRYPTION);
    const node = read(NODE);
    this.#initial = new Map([
      ['serving', serving],
      ['etcd-client', etcd],
      ['node-client', node],
      ['service-account-keys', keys],
      ['encryption-keys', encryption],
    ]);
    const [cert = NOTHING, key = NOTHING, clientCa = NOTHING] = serving;
    this.servingTls = { cert, key, clientCa };
    const [etcdCert = NOTHING, etcdKey = NOTHING, etcdCa = NOTHING] = etcd;
    this.#etcdTls = { cert: etcdCert, key: etcdKey, ca: etcdCa };
    const [nodeCert = NOTHING, nodeKey = NOTHING, nodeCa = NOTHING] = node;
    this.#nodeTls = { cert: nodeCert, key: nodeKey, ca: nodeCa };
    this.#serviceAccountKeys = parseServiceAccountKeys(keys[0] ?? NOTHING, keys[1] ?? NOTHING);
    this.#encryptionKeys = parseEncryptionKeys((encryption[0] ?? NOTHING).toString());
    this.#noteExpiries(SERVING, serving);
    this.#noteExpiries(ETCD, etcd);
    this.#noteExpiries(NODE, node);
  }

  readonly etcdTls = (): EtcdTls => this.#etcdTls;
  readonly nodeTls = (): NodeTls => this.#nodeTls;
  readonly serviceAccountKeys = (): ServiceAccountKeys => this.#serviceAccountKeys;
  readonly encryptionKeys = (): readonly EncryptionKey[] => this.#encryptionKeys;

  /** Applies whole, good sets as they appear, until the signal. */
  watch(users: PkiUsers, signal: AbortSignal): Promise<void> {
    const { clock, logger, registry, dir } = this.#options;
    const reloads = this.#registerMetrics(registry);
    return watchFiles(
      {
        sets: this.#sets(users, (names) => names.map((name) => join(dir, name))),
        clock,
        onResult: ({ name, paths }, error) => {
          reloads.inc({ set: name, result: error === undefined ? 'success' : 'failure' });
          if (error === undefined) logger.info({ set: name }, 'new certificates or keys are in use');
          else
            logger.error(
              { set: name, files: paths, reason: error.message },
              'cannot use new certificates or keys; the ones before hold',
            );
        },
      },
      this.#initial,
      signal,
    );
  }

  #sets(users: PkiUsers, pathsOf: (names: readonly string[]) => string[]): readonly FileSet[] {
    const { clock } = this.#options;
    return [
      {
        name: 'serving',
        paths: pathsOf(SERVING),
        use: (contents) => {
          const [cert = NOTHING, key = NOTHING, clientCa = NOTHING] = contents;
          checkCertificates({ cert, key, ca: clientCa }, clock.nowMs());
          users.useTls({ cert, key, clientCa });
          this.#noteExpiries(SERVING, contents);
        },
      },
      {
        name: 'etcd-client',
        paths: pathsOf(ETCD),
        use: async (contents) => {
          const [cert = NOTHING, key = NOTHING, ca = NOTHING] = contents;
          checkCertificates({ cert, key, ca }, clock.nowMs());
          // etcd may not trust them yet: better old ones that work.
          await users.tryEtcd({ cert, key, ca });
          this.#etcdTls = { cert, key, ca };
          this.#noteExpiries(ETCD, contents);
        },
      },
      {
        name: 'node-client',
        paths: pathsOf(NODE),
        use: (contents) => {
          const [cert = NOTHING, key = NOTHING, ca = NOTHING] = contents;
          checkCertificates({ cert, key, ca }, clock.nowMs());
          this.#nodeTls = { cert, key, ca };
          this.#noteExpiries(NODE, contents);
        },
      },
      {
        name: 'service-account-keys',
        paths: pathsOf(SERVICE_ACCOUNT),
        use: ([privateKey = NOTHING, publicKeys = NOTHING]) => {
          this.#serviceAccountKeys = parseServiceAccountKeys(privateKey, publicKeys);
        },
      },
      {
        name: 'encryption-keys',
        paths: pathsOf(ENCRYPTION),
        use: ([keys = NOTHING]) => {
          this.#encryptionKeys = parseEncryptionKeys(keys.toString());
          users.onEncryptionKeys();
        },
      },
    ];
  }

  #noteExpiries(names: readonly string[], contents: readonly Buffer[]): void {
    for (const [index, name] of names.entries()) {
      if (name.endsWith('.crt')) this.#expiriesMs.set(name, firstExpiryMs(contents[index] ?? NOTHING));
    }
  }

  #registerMetrics(registry: Registry): Counter<'set' | 'result'> {
    const { clock } = this.#options;
    const expiries = this.#expiriesMs;
    new Gauge({
      name: 'holt_api_certificate_expiry_seconds',
      help: 'Seconds until the first certificate of a file in use expires; negative once it has',
      labelNames: ['name'],
      registers: [registry],
      collect() {
        for (const [name, endMs] of expiries) this.set({ name }, (endMs - clock.nowMs()) / 1_000);
      },
    });
    return new Counter({
      name: 'holt_api_certificate_reloads_total',
      help: 'Changed sets of certificates and keys, by whether they came into use',
      labelNames: ['set', 'result'],
      registers: [registry],
    });
  }
}
