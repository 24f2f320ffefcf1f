import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { holtConfigSchema } from '../lib/config.ts';
import {
  checkPortsFree,
  devOptionsFrom,
  planDevConfig,
  readDevConfig,
  SetupError,
  writeDevConfig,
} from './dev-config.ts';

const vmm = { binary: '/usr/bin/cloud-hypervisor', readPaths: [] as string[], mode: 'kvm' as const };

function stateDir(): string {
  return mkdtempSync(join(tmpdir(), 'hc-'));
}

test('ports move together by the offset, and the next start keeps them', async (t) => {
  const options = { stateDir: stateDir(), portOffset: 1000 };
  const config = await planDevConfig(options, vmm);
  t.is(config.ports.router, 9080);
  t.is(config.ports.api, 7443);
  t.is(config.netns, 'holt-1000');
  await writeDevConfig(config);
  t.deepEqual(await planDevConfig({ stateDir: options.stateDir }, vmm), config);
});

test('the OTLP endpoint stays until a start sets it to nothing', async (t) => {
  const folder = stateDir();
  const endpoint = 'http://127.0.0.1:4318';
  const start = (env: NodeJS.ProcessEnv) =>
    planDevConfig({ ...devOptionsFrom({ stateDir: folder }, env), portOffset: undefined }, vmm);
  await writeDevConfig(await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }));
  t.is((await start({})).otlpEndpoint, endpoint);
  t.is((await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).otlpEndpoint, undefined);
});

test('a state directory that leaves no room for sockets is refused with the remedy', async (t) => {
  const long = `/tmp/${'x'.repeat(100)}`;
  const error = await t.throwsAsync(planDevConfig({ stateDir: long }, vmm), { instanceOf: SetupError });
  t.regex(error?.message ?? '', /too long for unix sockets.*--state-dir/);
});

test('a wrong namespace name, a wrong offset and a broken file are named', async (t) => {
  const folder = stateDir();
  await t.throwsAsync(planDevConfig({ stateDir: folder, netns: 'mine' }, vmm), { message: /netns/ });
  t.throws(() => devOptionsFrom({ portOffset: 'ten' }, {}), { message: /--port-offset: "ten"/ });
  writeFileSync(join(folder, 'config.json'), '{');
  await t.throwsAsync(readDevConfig(folder), { message: /config\.json can't be read.*remove it/ });
});

test('a taken port is named with the way out', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = holtConfigSchema.parse({ stateDir: stateDir(), vmm, ports: { router: port } });
  const error = await t.throwsAsync(checkPortsFree(config), { instanceOf: SetupError });
  t.true(error?.message.includes(`${port} (router)`));
  t.regex(error?.message ?? '', /--port-offset/);
  server.close();
});
