import test from 'ava';
import { tapIfindexIn } from './vmm-network.ts';

const IGMP = `Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
17\tht-aaaaaaaaaaaa:     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
3\tbr0       :     1      V3
`;

test('the number of a tap is read from the list of devices with multicast groups', (t) => {
  t.is(tapIfindexIn(IGMP, 'ht-aaaaaaaaaaaa'), 17);
  t.is(tapIfindexIn(IGMP, 'br0'), 3);
  t.is(tapIfindexIn(IGMP, 'ht-aaaaaaaaaaa'), undefined);
  t.is(tapIfindexIn(IGMP, 'Device'), undefined);
  t.is(tapIfindexIn('', 'ht-aaaaaaaaaaaa'), undefined);
});
