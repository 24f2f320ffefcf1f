import test from 'ava';
import { toSpecGenerator } from './create-request.ts';

test('limits become what podman takes, swap is not given, and the kernel kills the whole container', (t) => {
  const spec = toSpecGenerator({
    name: 'live',
    source: { rootfs: '/opt/holt/closures/node' },
    command: ['/usr/bin/node', 'server.js'],
    env: { PORT: '8080' },
    labels: { a: 'b' },
    network: { name: 'holt', address: '10.89.0.10' },
    limits: { cpuCores: 0.25, memoryBytes: 2 ** 28, pids: 64 },
    mounts: [{ source: '/var/lib/holt/data/files', destination: '/data', readOnly: true }],
  });
  t.like(spec, {
    rootfs: '/opt/holt/closures/node',
    rootfs_overlay: true,
    entrypoint: [],
    command: ['/usr/bin/node', 'server.js'],
    netns: { nsmode: 'bridge' },
    Networks: { holt: { static_ips: ['10.89.0.10'], static_mac: '02:68:0a:59:00:0a' } },
    resource_limits: {
      cpu: { quota: 25_000, period: 100_000 },
      memory: { limit: 2 ** 28, swap: 2 ** 28 },
      pids: { limit: 64 },
      unified: { 'memory.oom.group': '1' },
    },
    no_new_privileges: true,
    restart_policy: 'no',
  });
  t.deepEqual(spec.mounts, [
    {
      type: 'bind',
      source: '/var/lib/holt/data/files',
      destination: '/data',
      options: ['ro', 'rbind', 'nosuid', 'nodev'],
    },
  ]);
});

test('an image keeps its own command where none is given; without a network there is none', (t) => {
  const spec = toSpecGenerator({
    name: 'x',
    source: { image: 'docker.io/library/redis:7' },
    env: {},
    labels: {},
  });
  t.false('command' in spec);
  t.false('entrypoint' in spec);
  t.is(spec.image, 'docker.io/library/redis:7');
  t.deepEqual(spec.netns, { nsmode: 'none' });
});
