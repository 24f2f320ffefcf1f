import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type MainHost, mainReady, prepareMainHost, startMain } from './testing/main-host.ts';

let host: MainHost;

test.before(async () => {
  host = await prepareMainHost();
});

test.after.always(() => host?.dispose());

test.serial(
  'serves over an etcd that wants certificates, says when its port is taken, and ends in order',
  async (t) => {
    const server = startMain('--config', host.config);
    t.teardown(() => server.child.kill('SIGKILL'));
    await mainReady(host.port);
    const second = startMain('--config', host.config);
    t.is(await second.exit, 1);
    t.regex(
      second.stderr(),
      /^holt-api: cannot listen on 127\.0\.0\.1:\d+: the port is taken\. .*ports\.api.*\n$/,
    );
    server.child.kill('SIGTERM');
    t.is(await server.exit, 0);
  },
);

test.serial('wrong arguments, a missing file and a wrong setting are one clear line', async (t) => {
  const bad = join(host.dir, 'bad.json');
  await writeFile(
    bad,
    JSON.stringify({ stateDir: 'relative', ports: {}, vmm: { binary: '/x', mode: 'kvm' } }),
  );
  for (const [args, words] of [
    [[], /^holt-api: usage: holt-api --config FILE\n$/],
    [['--config', '/missing.json'], /^holt-api: ENOENT.*"holt dev up".*\n$/],
    [['--config', bad], /^holt-api: .*stateDir.*\n$/],
  ] as const) {
    const run = startMain(...args);
    t.is(await run.exit, 1);
    t.regex(run.stderr(), words);
  }
});
