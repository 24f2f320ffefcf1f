import test from 'ava';
import { connectionState, forwards } from './guest-dial.ts';

const table = `Hub -1 (control):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[ESTABLISHED]   21       127.0.0.1 40001       10.0.2.15  1024     0     0
  TCP[HOST_FORWARD]  20       127.0.0.1 40001       10.0.2.15  1024     0     0
  TCP[SYN_SENT]      23       127.0.0.1 40002       10.0.2.15  1027     0     0
  TCP[HOST_FORWARD]  22       127.0.0.1 40002       10.0.2.15  1027     0     0
  UDP[236 sec]       30       10.0.2.15 49830       10.0.2.3     53     0     0
`;

test('forwards and the states of their connections', (t) => {
  t.deepEqual(forwards(table), [40001, 40002]);
  t.is(connectionState(table, 40001), 'ESTABLISHED');
  t.is(connectionState(table, 40002), 'SYN_SENT');
  t.is(connectionState(table, 40003), undefined);
});
