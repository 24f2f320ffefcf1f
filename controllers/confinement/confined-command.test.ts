import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { confinedCommand, confinedEnvironment } from './confined-command.ts';

const USER = 1_900_000_777;
/** The product needs root; where a test has none, there is nothing to look at. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;
let count = 0;

/** A folder only root may enter, as a checkout in root's home is, with a blank in its name, with what a program is shown of it. */
async function confined(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'holt confined-'));
  const netns = `holt-confined-${process.pid}-${count++}`;
  await runChecked(runCommand, ['ip', 'netns', 'add', netns]);
  t.teardown(async () => {
    await runCommand(['ip', 'netns', 'del', netns]);
    await rm(folder, { recursive: true });
  });
  const at = (name: string) => join(folder, name);
  await chmod(folder, 0o700);
  await Promise.all(['root', 'shown', 'own', 'hidden'].map((name) => mkdir(at(name))));
  await chown(at('own'), USER, USER);
  await writeFile(at('shown/text'), 'shown', { mode: 0o644 });
  await writeFile(at('hidden/text'), 'hidden', { mode: 0o666 });
  const confinement = {
    ...{ netns, root: at('root'), userId: USER },
    limited: [],
    ...{ readPaths: [at('shown'), at('missing')], writePaths: [at('own')] },
  };
  const run = (script: string) =>
    runCommand(confinedCommand(confinement, ['sh', '-c', script]), {
      env: confinedEnvironment({ ...process.env, SECRET: 'secret' }),
    });
  return { at, run };
}

asRoot('user, groups, capabilities and privileges are gone for good', async (t) => {
  const { run } = await confined(t);
  const { stdout, stderr } = await run('cat /proc/self/status');
  const status = Object.fromEntries(
    stdout.split('\n').map((line) => [line.split(':')[0], line.split(':\t')[1]?.trim()]),
  );
  t.is(status.Uid, Array(4).fill(USER).join('\t'), stderr);
  t.is(status.Gid, Array(4).fill(USER).join('\t'));
  t.is(status.Groups, '');
  t.is(status.NoNewPrivs, '1');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    t.is(status[set], '0'.repeat(16), set);
});

asRoot('it sees what it was given and nothing else, and writes only what is its own', async (t) => {
  const { run, at } = await confined(t);
  t.is((await run(`cat '${at('shown/text')}'`)).stdout, 'shown');
  t.is((await run(`echo own > '${at('own/text')}' && cat '${at('own/text')}'`)).stdout, 'own\n');
  const refused = [
    `cat '${at('hidden/text')}'`,
    `echo x > '${at('shown/text')}'`,
    `echo x > '${at('shown/new')}'`,
    'echo x > /new',
    'echo x > /dev/new',
    'echo x > /tmp/new',
    'cat /etc/passwd',
    'ls /root',
    'ls /old',
    'cat /proc/1/cmdline',
    'mount -t tmpfs none /proc',
    'ip link add x type dummy',
    'unshare --mount true',
    `cp /bin/true '${at('own/program')}' && '${at('own/program')}'`,
  ];
  for (const script of refused) t.not((await run(script)).exitCode, 0, script);
});

asRoot('nothing of the environment is handed on, and no core is written', async (t) => {
  const { run } = await confined(t);
  t.is((await run('echo "[$SECRET]$(ulimit -c)"')).stdout.trim(), '[]0');
});

asRoot('the network is that of its namespace', async (t) => {
  const { run } = await confined(t);
  const { stdout } = await run('cat /proc/self/net/dev; ls /sys/class/net');
  t.deepEqual(stdout.match(/\b(eth|en|ht-|holt)\w*/g), null);
});

test('the command ends with the program and its arguments', (t) => {
  const confinement = {
    ...{ netns: 'holt-x', root: '/r', userId: 5 },
    limited: ['limit', 'it'],
    ...{ readPaths: ['/a'], writePaths: ['/b'] },
  };
  const argv = confinedCommand(confinement, ['vmm', '--api-socket', 'path=/b/api.sock']);
  t.deepEqual(argv.slice(argv.indexOf('--')), ['--', 'vmm', '--api-socket', 'path=/b/api.sock']);
  t.deepEqual(argv.slice(0, 7), ['limit', 'it', 'ip', 'netns', 'exec', 'holt-x', 'sh']);
  t.true(argv.indexOf('ro:/a') < argv.indexOf('rw:/b'));
});
