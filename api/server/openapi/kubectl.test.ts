import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { discoveryResponse } from '../discovery/discovery.ts';
import { openApiResponse } from './openapi.ts';

const run = promisify(execFile);

/** A server of the documents alone: no objects behind them. */
const server = createServer(({ url = '/', headers }, response) => {
  const { pathname } = new URL(url, 'http://127.0.0.1');
  const found =
    openApiResponse(pathname, headers.accept, ALL_DEFINITIONS) ??
    discoveryResponse(pathname, headers.accept, ALL_DEFINITIONS);
  if (found !== undefined) response.setHeader('content-type', found.contentType);
  response.writeHead(found === undefined ? 404 : 200).end(found?.body);
});

let cacheDir = '';

test.before(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'holt-kubectl-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

test.after.always(async () => {
  server.close();
  await rm(cacheDir, { recursive: true });
});

async function kubectl(...args: string[]): Promise<string> {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const connection = [
    '--kubeconfig=/dev/null',
    `--server=http://127.0.0.1:${port}`,
    `--cache-dir=${cacheDir}`,
  ];
  const { stdout } = await run('kubectl', [...connection, ...args]);
  return stdout;
}

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const kubectlTest = hasKubectl ? test : test.skip;

kubectlTest('api-resources lists the kinds with their short names', async (t) => {
  const lines = (await kubectl('api-resources', '--no-headers'))
    .split('\n')
    .map((line) => line.split(/\s+/).join(' ').trim());
  t.true(lines.includes('uservms uvm,vm holt.dev/v1alpha1 true UserVM'));
  t.true(lines.includes('namespaces ns v1 false Namespace'));
  t.true(lines.includes('leases coordination.k8s.io/v1 true Lease'));
});

kubectlTest('explain prints the docs of the fields', async (t) => {
  const text = await kubectl('explain', 'uservm.spec');
  t.regex(text, /memory\s+<string>\s+Guest memory, e\.g\. "1Gi"\./);
  t.regex(text, /user\s+<string> -required-/);
  t.regex(await kubectl('explain', 'namespace.metadata.labels'), /Keys and values to select objects by\./);
});

kubectlTest('explain --recursive prints the whole tree', async (t) => {
  const text = await kubectl('explain', 'sandboxcontainer', '--recursive');
  for (const field of [
    /ownerReferences\s+<\[\]OwnerReference>/,
    /httpGet\s+<Object> -required-/,
    /lastExit\s+<Object>/,
  ]) {
    t.regex(text, field);
  }
});

kubectlTest('explain from OpenAPI v2, as kubectl did up to 1.26', async (t) => {
  const text = await kubectl('explain', 'uservm.spec.dataVolume', '--output=plaintext-openapiv2');
  t.regex(text, /size\s+<string>\s+Size of the data volume/);
});
