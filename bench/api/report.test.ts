import test from 'ava';
import { reportLines } from './report.ts';

test('a measurement stands beside those of others, with its target', (t) => {
  const own = new Map([
    ['get', { rate: 300, cpuUs: 50 }],
    ['create', { rate: 70, cpuUs: 250.4 }],
    ['list', { rate: 5, cpuUs: 9 }],
  ]);
  const measurements = new Map([
    ['get', { rate: 600, cpuUs: 20 }],
    ['create', { rate: 100, cpuUs: 80 }],
  ]);
  const targetOf = (what: string) => (what === 'list' ? undefined : { atLeast: 0.7 });
  t.deepEqual(reportLines(own, [{ name: 'bare etcd', measurements, targetOf }]), [
    'get: 300/s, 50 us CPU; 0.50 of bare etcd: 600/s, 20 us CPU (target >= 0.7: missed)',
    'create: 70.0/s, 250 us CPU; 0.70 of bare etcd: 100/s, 80 us CPU (target >= 0.7: met)',
    'list: 5.0/s, 9 us CPU',
  ]);
});
