import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { type VmmProcess, waitFor } from '../../testing/vmm-process.ts';
import { type Check, play, unreadable } from '../check.ts';

const area = 'forms';
const badRequest = ['Bad Request'];
const notFound = ['Not Found'];

/** Bodies that are read before anything else is looked at: call, body, complaint. */
const wrongBodies: readonly (readonly [string, string, string])[] = [
  ['vm.create', '7', 'invalid type: integer `7`, expected struct VmConfig'],
  ['vm.create', '{"memory":{}}', 'missing field `size`'],
  ['vm.create', '{"disks":[{"path":7}]}', 'invalid type: integer `7`, expected path string'],
  ['vm.resize', '{"desired_vcpus":"1"}', 'invalid type: string "1", expected u32'],
  ['vm.resize-disk', '{"id":"data"}', 'missing field `desired_size`'],
  ['vm.resize-zone', '{}', 'missing field `id`'],
  ['vm.add-disk', '{"path":7}', 'invalid type: integer `7`, expected path string'],
  ['vm.add-net', '{"mac":7}', 'invalid type: integer `7`, expected a string'],
  ['vm.add-vsock', '{}', 'missing field `cid`'],
  ['vm.add-fs', '{}', 'missing field `tag`'],
  ['vm.add-fs', '{"tag":"x"}', 'missing field `socket`'],
  ['vm.add-pmem', '{}', 'missing field `file`'],
  ['vm.add-vdpa', '{}', 'missing field `path`'],
  ['vm.add-user-device', '{}', 'missing field `socket`'],
  ['vm.add-generic-vhost-user', '{}', 'missing field `socket`'],
  ['vm.remove-device', '{}', 'missing field `id`'],
  ['vm.snapshot', '{}', 'missing field `destination_url`'],
  ['vm.restore', '{}', 'missing field `source_url`'],
  [
    'vm.restore',
    '{"source_url":"x","memory_restore_mode":"x"}',
    'unknown variant `x`, expected `Copy` or `OnDemand`',
  ],
  ['vm.receive-migration', '{}', 'missing field `receiver_url`'],
  ['vm.send-migration', '{}', 'missing field `destination_url`'],
];

/** Sends bytes on a connection of their own; resolves with what came back until `isWhole`. */
async function exchange(vmm: VmmProcess, bytes: string, isWhole: (text: string) => boolean): Promise<string> {
  const socket = connect(vmm.path('api.sock'));
  let text = '';
  socket.on('error', () => {}).setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  try {
    await waitFor(() => isWhole(text), 10_000);
  } finally {
    socket.destroy();
  }
  return text;
}

const answerCount = (text: string) => text.split('HTTP/1.1 ').length - 1;

export const formChecks: readonly Check[] = [
  {
    area,
    title: 'vmm.ping says version, build and the process id',
    run: async (bench) => {
      const vmm = await bench.start();
      const ping = JSON.parse((await vmm.call('GET', 'vmm.ping')).body) as Record<string, unknown>;
      deepStrictEqual(Object.keys(ping).sort(), ['build_version', 'features', 'pid', 'version']);
      strictEqual(ping.pid, vmm.pid);
      match(String(ping.version), /^\d+\.\d+\.\d+$/);
      ok(Array.isArray(ping.features));
    },
  },
  {
    area,
    title: 'a wrong method is a 400, an unknown one no HTTP',
    run: async (bench) => {
      const vmm = await bench.start();
      await play(vmm, [
        ['PUT vmm.ping', undefined, 400, badRequest],
        ['PATCH vmm.ping', undefined, 400, badRequest],
        ['PATCH vm.boot', undefined, 400, ''],
        ['GET vm.boot', undefined, 400, badRequest],
        ['GET vm.add-disk', undefined, 400, badRequest],
      ]);
      const post = await vmm.call('POST', 'vmm.ping');
      strictEqual(post.statusCode, 400);
      match(post.body, /Invalid HTTP Method: Unsupported HTTP method/);
    },
  },
  {
    area,
    title: 'a path is known to the letter',
    run: async (bench) =>
      play(await bench.start(), [
        ['GET vm.nope', undefined, 404, notFound],
        ['GET vmm.ping/', undefined, 404, notFound],
        ['GET vmm.ping?x=1', undefined, 404, notFound],
        ['GET /', undefined, 404, notFound],
        ['PUT vm.coredump', {}, 404, notFound],
      ]),
  },
  {
    area,
    title: 'a body that must be there, or must not, is a 400',
    run: async (bench) =>
      play(await bench.start(), [
        ['vm.create', undefined, 400, ''],
        ['vm.add-disk', undefined, 400, badRequest],
        ['vm.restore', undefined, 400, badRequest],
        ['vm.boot', '{}', 400, badRequest],
        ['vm.pause', '{}', 400, badRequest],
      ]),
  },
  {
    area,
    title: 'a body of the wrong form is a 400 that says what is wrong',
    run: async (bench) =>
      play(
        await bench.start(),
        wrongBodies.map(([call, body, complaint]) => [call, body, 400, unreadable(complaint)] as const),
      ),
  },
  {
    area,
    title: 'a body of 51,200 bytes is read, a longer one refused',
    run: async (bench) => {
      const vmm = await bench.start();
      const body = (bytes: number) => {
        const empty = JSON.stringify({ payload: { cmdline: '' } });
        return empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
      };
      await play(vmm, [['vm.create', body(51_200), 204, '']]);
      const answer = await vmm.call('PUT', 'vm.create', body(51_201));
      strictEqual(answer.statusCode, 400);
      match(answer.body, /51201 is larger than the limit of 51200/);
    },
  },
  {
    area,
    title: 'a chunked body is lost',
    run: async (bench) => {
      const vmm = await bench.start();
      const head = 'PUT /api/v1/vm.create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
      const text = await exchange(vmm, `${head}2\r\n{}\r\n0\r\n\r\n`, (got) => got.includes('\r\n\r\n'));
      match(text, /^HTTP\/1\.1 400 /);
      await play(vmm, [['GET vm.info', undefined, 404]]);
    },
  },
  {
    area,
    title: 'requests of one connection are answered in order',
    run: async (bench) => {
      const vmm = await bench.start();
      const get = (path: string) => `GET /api/v1/${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const text = await exchange(vmm, get('vmm.ping') + get('vm.nope'), (got) => answerCount(got) === 2);
      ok(text.indexOf('200') < text.indexOf('404'), text);
    },
  },
  {
    area,
    title: 'the eleventh connection gets a 503 until another goes',
    run: async (bench) => {
      const vmm = await bench.start();
      let refused = '';
      const sockets = Array.from({ length: 12 }, () => connect(vmm.path('api.sock')));
      for (const socket of sockets) {
        socket
          .on('error', () => {})
          .on('data', (chunk) => {
            refused += chunk.toString();
          });
      }
      await waitFor(() => refused.includes('Too many open connections'), 10_000);
      match(refused, /^HTTP\/1\.1 503/);
      for (const socket of sockets) socket.destroy();
      await waitFor(async () => (await vmm.call('GET', 'vmm.ping')).statusCode === 200, 10_000);
    },
  },
  {
    area,
    title: 'the API socket, its lock and the events are the owner’s alone',
    run: async (bench) => {
      const vmm = await bench.start();
      for (const name of ['api.sock', 'api.sock.lock', 'events']) {
        strictEqual(statSync(vmm.path(name)).mode & 0o077, 0, name);
      }
    },
  },
];
