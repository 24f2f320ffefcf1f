import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { holtConfigSchema, statePaths } from '../../lib/config.ts';
import { runCommand } from '../../lib/run-command.ts';
import { type HaproxyOptions, haproxyConfig } from './haproxy-config.ts';
import { ensureHaproxyFiles } from './haproxy-files.ts';
import { haproxyArgv } from './haproxy-process.ts';
import { routerPaths } from './router-paths.ts';

const OPTIONS: HaproxyOptions = {
  listenPort: 8080,
  logPort: 9104,
  metricsPort: 9105,
  netns: 'holt',
  vmSubnet: '10.66.0.0/16',
  adminSocket: '/var/lib/holt/router/admin.sock',
  requestSocket: '/var/lib/holt/router/requests.sock',
  wakeSocket: '/var/lib/holt/router/wake.sock',
  routesMap: '/var/lib/holt/router/routes.map',
  revokedMap: '/var/lib/holt/router/revoked.map',
  pages: '/var/lib/holt/router/pages',
  sessionPublicKey: '/var/lib/holt/session/pub.pem',
  devLogin: false,
};

test('the configuration is as in testdata/haproxy.cfg (HOLT_UPDATE_GOLDENS=1 writes it anew)', async (t) => {
  const golden = new URL('testdata/haproxy.cfg', import.meta.url);
  const text = haproxyConfig(OPTIONS);
  if (process.env.HOLT_UPDATE_GOLDENS === '1') await writeFile(golden, text);
  t.is(text, await readFile(golden, 'utf8'));
});

test('login and logout are there in development only', (t) => {
  t.notRegex(haproxyConfig(OPTIONS), /login|logout/);
  t.regex(haproxyConfig({ ...OPTIONS, devLogin: true }), /backend login/);
});

test('a path that HAProxy could misread is refused', (t) => {
  for (const bad of ['/a b', '/a"b', '/a\nb', "/a'b", '/a,b', '/a)b']) {
    t.throws(() => haproxyConfig({ ...OPTIONS, routesMap: bad }), { message: /^routesMap must be made of/ });
  }
});

for (const devLogin of [false, true]) {
  test(`HAProxy itself accepts it, devLogin ${devLogin}; files are made once and the table is kept`, async (t) => {
    const stateDir = await mkdtemp(join(tmpdir(), 'holt-config-'));
    const netns = `holt-router-c${Number(devLogin)}-${process.pid}`;
    await runCommand(['ip', 'netns', 'add', netns]);
    t.teardown(async () => {
      await runCommand(['ip', 'netns', 'del', netns]);
      await rm(stateDir, { recursive: true });
    });
    const { session } = statePaths(stateDir);
    await mkdir(session);
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(session, 'pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const vmm = { binary: '/bin/false', mode: 'emulated' as const };
    const config = holtConfigSchema.parse({ stateDir, netns, devLogin, ports: {}, vmm });
    await ensureHaproxyFiles(config);
    await writeFile(routerPaths(config).routesMap, 'alice/live vm-starting||||\n');
    await ensureHaproxyFiles(config);
    const result = await runCommand([...haproxyArgv(config), '-c']);
    t.is(result.exitCode, 0, result.stderr);
    t.notRegex(result.stderr, /WARNING/);
    t.is(await readFile(routerPaths(config).routesMap, 'utf8'), 'alice/live vm-starting||||\n');
  });
}
