import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../lib/clock.ts';
import { FakeHybridVsock, type PortTarget } from '../../lib/podman/testing/fake-hybrid-vsock.ts';
import { GuestIngress } from './guest-ingress.ts';

const adminPort = 1025;

test('routes are read, set anew, set again and deleted on a real HAProxy', async (t) => {
  const directory = temporaryDirectory(t);
  const { adminPath, mapPath } = await startHaproxy(t, directory);
  const ingress = new GuestIngress(await vsockTo(t, directory, { path: adminPath }), mapPath);

  t.deepEqual([...(await ingress.listRoutes())], []);
  await ingress.setRoute('live', '10.89.0.10:8080');
  await ingress.setRoute('live', '10.89.0.11:8080');
  await ingress.setRoute('live', '10.89.0.11:8080');
  await ingress.setRoute('dev', '10.89.0.12:3000');
  const both = { live: '10.89.0.11:8080', dev: '10.89.0.12:3000' };
  t.deepEqual(Object.fromEntries(await ingress.listRoutes()), both);
  await ingress.deleteRoute('live');
  await ingress.deleteRoute('live');
  t.deepEqual(Object.fromEntries(await ingress.listRoutes()), { dev: '10.89.0.12:3000' });
});

test('a target that could end the command is refused before it is sent', async (t) => {
  const ingress = new GuestIngress({ socketPath: '/nonexistent', port: adminPort });
  for (const target of ['10.89.0.10:80;shutdown', '10.89.0.10:80\nshow info', 'host:80', '10.89.0.10'])
    await t.throwsAsync(ingress.setRoute('live', target), { instanceOf: RangeError });
});

test('an ingress without the map is an error, not an empty table', async (t) => {
  const directory = temporaryDirectory(t);
  const { adminPath } = await startHaproxy(t, directory);
  const ingress = new GuestIngress(await vsockTo(t, directory, { path: adminPath }), '/elsewhere.map');
  await t.throwsAsync(ingress.listRoutes(), { message: /guest ingress: show map/ });
  await t.throwsAsync(ingress.setRoute('live', '10.89.0.10:80'), { message: /guest ingress: set map live/ });
  await t.throwsAsync(ingress.deleteRoute('live'), { message: /guest ingress: del map live/ });
});

test('a signal and a time limit end a command that gets no answer', async (t) => {
  const address = await vsockTo(t, temporaryDirectory(t), () => {});
  const ingress = new GuestIngress(address);
  // Long enough for the connection itself on a busy machine: only the answer must be what is missing.
  await t.throwsAsync(ingress.listRoutes({ timeoutMs: 1_000 }), { message: /no answer for 1000 ms/ });
  await t.throwsAsync(ingress.listRoutes({ signal: AbortSignal.timeout(50) }), { message: /aborted/ });
});

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holt-ingress-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function vsockTo(t: ExecutionContext, directory: string, target: PortTarget) {
  const vsock = await FakeHybridVsock.listen(join(directory, 'v.sock'), { [adminPort]: target });
  t.teardown(() => vsock.close());
  return { socketPath: vsock.socketPath, port: adminPort };
}

async function startHaproxy(t: ExecutionContext, directory: string) {
  const [adminPath, mapPath] = [join(directory, 'admin.sock'), join(directory, 'routes.map')];
  writeFileSync(mapPath, '');
  writeFileSync(
    join(directory, 'haproxy.cfg'),
    `global
  stats socket ${adminPath} mode 600 level admin
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend ingress
  bind unix@${join(directory, 'front.sock')}
  http-request return status 200 content-type text/plain lf-string "%[str(live),map(${mapPath})]"
`,
  );
  const haproxy = spawn('haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], { stdio: 'ignore' });
  const exited = once(haproxy, 'exit');
  t.teardown(async () => {
    haproxy.kill('SIGKILL');
    await exited;
  });
  for (let attempt = 0; !(await answers(adminPath)); attempt += 1) {
    if (attempt === 200) throw new Error('haproxy does not listen after 10 s');
    await systemClock.sleep(50);
  }
  return { adminPath, mapPath };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
