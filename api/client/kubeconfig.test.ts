import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { loadKubeconfig } from './kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function write(t: ExecutionContext, content: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holt-kubeconfig-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'config');
  await writeFile(file, content);
  await writeFile(join(directory, 'client.key'), 'KEY');
  return file;
}

const kubeconfig = (user: object) =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'holt',
    clusters: [
      {
        name: 'holt',
        cluster: { server: 'https://127.0.0.1:6443/', 'certificate-authority-data': base64('CA') },
      },
    ],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'holt', context: { cluster: 'holt', user: 'me' } }],
  });

test('reads server, CA, certificate and a key beside the file', async (t) => {
  const connection = await loadKubeconfig(
    await write(t, kubeconfig({ 'client-certificate-data': base64('CERT'), 'client-key': 'client.key' })),
  );
  t.is(connection.server, 'https://127.0.0.1:6443');
  t.deepEqual([connection.ca, connection.cert, connection.key].map(String), ['CA', 'CERT', 'KEY']);
});

test('a token becomes a header', async (t) => {
  t.deepEqual((await loadKubeconfig(await write(t, kubeconfig({ token: 'secret' })))).headers, {
    Authorization: 'Bearer secret',
  });
});

test('errors name the file and what to do', async (t) => {
  await t.throwsAsync(loadKubeconfig('/nonexistent/config'), {
    message: /cannot read kubeconfig \/nonexistent\/config; is Holt up/,
  });
  await t.throwsAsync(loadKubeconfig(await write(t, '{}')), { message: /kubeconfig .*config/ });
});
