import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { holtConfigSchema, statePaths } from '../lib/config.ts';
import { runCommand } from '../lib/run-command.ts';
import { ensurePki } from './pki.ts';

test('certificates say who each process is, and a second run keeps them', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'holt-pki-'));
  const config = holtConfigSchema.parse({ stateDir, ports: {}, vmm: { binary: '/x', mode: 'kvm' } });
  const paths = statePaths(stateDir);
  const read = (file: string) => readFileSync(join(paths.pki, file), 'utf8');
  await ensurePki(config, runCommand);
  const ca = new X509Certificate(read('ca.crt'));
  const node = new X509Certificate(read('node.crt'));
  t.true(node.verify(ca.publicKey));
  t.regex(node.subject, /O=system:nodes\s+CN=system:node:node-1/);
  t.regex(new X509Certificate(read('api.crt')).subjectAltName ?? '', /IP Address:127\.0\.0\.1/);
  t.false(
    new X509Certificate(read('etcd-client.crt')).verify(ca.publicKey),
    'etcd has an authority of its own',
  );
  t.is(parse(readFileSync(paths.kubeconfig, 'utf8')).clusters[0].cluster.server, 'https://127.0.0.1:6443');
  const before = read('admin.crt');
  await ensurePki(config, runCommand);
  t.is(read('admin.crt'), before);
  rmSync(stateDir, { recursive: true });
});
