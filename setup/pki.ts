import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { HoltConfig } from '../lib/config.ts';
import { statePaths } from '../lib/config.ts';
import { NODE_CLIENT_NAME, nodeCertificateName } from '../lib/node-client-name.ts';
import { type RunCommand, runChecked } from '../lib/run-command.ts';

const CA_DAYS = '3650';
const LEAF_DAYS = '825';

interface Leaf {
  readonly name: string;
  readonly ca: 'ca' | 'etcd-ca';
  /** OpenSSL subject, e.g. `/O=system:masters/CN=holt-admin`. */
  readonly subject: string;
  readonly usage: 'serverAuth' | 'clientAuth' | 'serverAuth,clientAuth';
  readonly subjectAltName?: string;
}

const LOOPBACK_NAMES = 'IP:127.0.0.1,DNS:localhost';

function leaves(config: HoltConfig): readonly Leaf[] {
  const client = { ca: 'ca', usage: 'clientAuth' } as const;
  return [
    {
      name: 'api',
      ca: 'ca',
      subject: '/CN=holt-api',
      usage: 'serverAuth',
      subjectAltName: `${LOOPBACK_NAMES},DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc`,
    },
    { ...client, name: 'admin', subject: '/O=system:masters/CN=holt-admin' },
    { ...client, name: 'node', subject: `/O=system:nodes/CN=system:node:${config.nodeName}` },
    {
      name: 'node-serving',
      ca: 'ca',
      subject: `/O=system:nodes/CN=${nodeCertificateName(config.nodeName)}`,
      usage: 'serverAuth',
      subjectAltName: LOOPBACK_NAMES,
    },
    { ...client, name: 'api-node', subject: `/O=holt:node-clients/CN=${NODE_CLIENT_NAME}` },
    { ...client, name: 'manager', subject: '/O=holt:components/CN=system:holt-manager' },
    { ...client, name: 'router', subject: '/O=holt:components/CN=system:holt-router' },
    {
      name: 'etcd-server',
      ca: 'etcd-ca',
      subject: '/CN=etcd',
      usage: 'serverAuth,clientAuth',
      subjectAltName: LOOPBACK_NAMES,
    },
    { name: 'etcd-client', ca: 'etcd-ca', subject: '/CN=holt-api', usage: 'clientAuth' },
  ];
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function ensureKey(run: RunCommand, path: string): Promise<void> {
  await runChecked(run, [
    'openssl',
    'genpkey',
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-out',
    path,
  ]);
  await chmod(path, 0o600);
}

async function ensureCa(run: RunCommand, folder: string, name: string): Promise<void> {
  const certificate = join(folder, `${name}.crt`);
  if (await exists(certificate)) return;
  const key = join(folder, `${name}.key`);
  await ensureKey(run, key);
  const subject = `/CN=holt-${name}`;
  const argv = [
    'openssl',
    'req',
    '-x509',
    '-new',
    '-sha256',
    '-key',
    key,
    '-days',
    CA_DAYS,
    '-subj',
    subject,
  ];
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  await runChecked(run, [
    ...argv,
    ...extensions.flatMap((extension) => ['-addext', extension]),
    '-out',
    certificate,
  ]);
}

async function ensureLeaf(run: RunCommand, folder: string, leaf: Leaf): Promise<void> {
  const path = (ending: string) => join(folder, `${leaf.name}.${ending}`);
  if (await exists(path('crt'))) return;
  await ensureKey(run, path('key'));
  const request = [
    'openssl',
    'req',
    '-new',
    '-sha256',
    '-key',
    path('key'),
    '-subj',
    leaf.subject,
    '-out',
    path('csr'),
  ];
  await runChecked(run, request);
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${leaf.usage}`,
    ...(leaf.subjectAltName === undefined ? [] : [`subjectAltName=${leaf.subjectAltName}`]),
  ];
  await writeFile(path('ext'), `${extensions.join('\n')}\n`);
  const authority = join(folder, leaf.ca);
  await runChecked(run, [
    ...[
      'openssl',
      'x509',
      '-req',
      '-sha256',
      '-in',
      path('csr'),
      '-days',
      LEAF_DAYS,
      '-extfile',
      path('ext'),
    ],
    ...['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-out', path('crt')],
  ]);
  await Promise.all([rm(path('csr')), rm(path('ext'))]);
}

async function writeKubeconfig(config: HoltConfig, name: string, target: string): Promise<void> {
  const { pki } = statePaths(config.stateDir);
  const base64 = async (file: string) => (await readFile(join(pki, file))).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'holt',
        cluster: {
          server: `https://127.0.0.1:${config.ports.api}`,
          'certificate-authority-data': await base64('ca.crt'),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': await base64(`${name}.crt`),
          'client-key-data': await base64(`${name}.key`),
        },
      },
    ],
    contexts: [{ name: 'holt', context: { cluster: 'holt', user: name, namespace: 'default' } }],
    'current-context': 'holt',
  };
  await writeFile(target, stringify(kubeconfig), { mode: 0o600 });
}

async function ensureKeyPair(run: RunCommand, key: string, publicKey: string): Promise<void> {
  if (await exists(publicKey)) return;
  await ensureKey(run, key);
  await runChecked(run, ['openssl', 'pkey', '-in', key, '-pubout', '-out', publicKey]);
}

/** The key of Secrets at rest; operators put further ones before it, see docs/operations.md. */
async function ensureEncryptionKeys(path: string): Promise<void> {
  if (await exists(path)) return;
  const keys = [{ id: 'first', secret: randomBytes(32).toString('base64') }];
  await writeFile(path, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
}

async function ensureSessionKey(run: RunCommand, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await ensureKeyPair(run, join(folder, 'key.pem'), join(folder, 'pub.pem'));
}

/**
 * Makes the certificate authorities (one for the API, one for etcd), a certificate for each process, the
 * kubeconfigs, the key of service-account tokens and the session key, each only where it is missing. Kubeconfigs are always written anew: they
 * hold the API's port.
 * @throws CommandError with openssl's own words
 */
export async function ensurePki(config: HoltConfig, run: RunCommand): Promise<void> {
  const paths = statePaths(config.stateDir);
  await mkdir(paths.pki, { recursive: true, mode: 0o700 });
  await Promise.all([ensureCa(run, paths.pki, 'ca'), ensureCa(run, paths.pki, 'etcd-ca')]);
  for (const leaf of leaves(config)) await ensureLeaf(run, paths.pki, leaf);
  await ensureKeyPair(run, join(paths.pki, 'sa.key'), join(paths.pki, 'sa.pub'));
  await ensureEncryptionKeys(join(paths.pki, 'encryption-keys.json'));
  await writeKubeconfig(config, 'admin', paths.kubeconfig);
  for (const name of ['node', 'manager', 'router']) {
    await writeKubeconfig(config, name, join(paths.pki, `${name}.kubeconfig`));
  }
  await ensureSessionKey(run, paths.session);
}
