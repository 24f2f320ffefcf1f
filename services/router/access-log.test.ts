import test from 'ava';
import { isSuccess, parseAccessLog } from './access-log.ts';

const LINE = {
  user: 'alice',
  vm_id: 'vm-1',
  container_name: 'c',
  route: 'live',
  boot_id: 'b',
  reason: '-',
  guest_reason: '-',
  traceparent: '00-x',
  method: 'GET',
  path: '/',
  ended: '--',
  status: 200,
  accept_ms: 1000,
  handshake_ms: 0,
  idle_ms: 5,
  request_ms: 0,
  queue_ms: 0,
  connect_ms: 1,
  response_ms: 2,
  total_ms: 3,
  bytes_sent: 10,
  bytes_received: 20,
};
const parse = (change: Partial<typeof LINE>) => parseAccessLog(JSON.stringify({ ...LINE, ...change }));

test('a line is read; unknown texts are empty', (t) => {
  const entry = parse({ user: '-' });
  t.is(entry?.user, '');
  t.is(entry?.reason, '');
  t.is(entry?.started_ms, 1005);
});

test('where HAProxy answered for a VM that failed, the reason says so', (t) => {
  t.is(parse({ ended: 'SC', status: 503 })?.reason, 'upstream-unreachable');
  t.is(parse({ ended: 'SH', status: 502 })?.reason, 'upstream-unreachable');
  t.is(parse({ ended: 'sH', status: 504 })?.reason, 'upstream-timeout');
  t.is(parse({ ended: 'SD' })?.reason, '');
  t.is(parse({ ended: 'SC', reason: 'container-not-ready' })?.reason, 'container-not-ready');
});

test("success is a sandbox's own good answer", (t) => {
  const is = (change: Partial<typeof LINE>) => {
    const entry = parse(change);
    return entry !== undefined && isSuccess(entry);
  };
  t.true(is({}));
  t.true(is({ status: 101 }));
  t.true(is({ status: 304 }));
  t.false(is({ status: 404 }));
  t.false(is({ status: -1 }));
  t.false(is({ reason: 'vm-starting', status: 200 }));
  t.false(is({ vm_id: '-' }));
});

test('anything else is no line of ours', (t) => {
  for (const bad of ['', '{', 'null', '[]', '{}', '{"user":"x"}']) t.is(parseAccessLog(bad), undefined, bad);
});
