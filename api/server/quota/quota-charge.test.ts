import test from 'ava';
import type { ResourceQuota } from '../../../crds/resourcequota/definition.ts';
import { parseAmounts } from '../../../crds/resourcequota/resource-list.ts';
import { ExactQuantity } from '../../../lib/exact-quantity.ts';
import { exceedance, requestedOf, statusOf, sumOf, usedOf } from './quota-charge.ts';

function quota(hard: Record<string, string>, used: Record<string, string> = {}): ResourceQuota {
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q' },
    spec: { hard },
    status: { used },
  };
}

test('of a write that is asked about only what the quota limits', (t) => {
  const requested = requestedOf(quota({ cpu: '1', pods: '1' }), (name) =>
    name === 'pods' ? ExactQuantity.zero : ExactQuantity.one,
  );
  t.deepEqual([...requested.keys()], ['cpu']);
  const scoped = { ...quota({ cpu: '1' }), spec: { hard: { cpu: '1' }, scopes: ['BestEffort'] } };
  t.is(requestedOf(scoped, () => ExactQuantity.one).size, 0);
});

test('a limit may be reached, not passed, and each that is passed is told, in the order of names', (t) => {
  const limited = quota({ memory: '1Gi', cpu: '1', 'count/uservms.holt.dev': '9' });
  const used = parseAmounts({ memory: '512Mi', cpu: '500m', 'count/uservms.holt.dev': '1' });
  t.is(exceedance(limited, used, parseAmounts({ memory: '512Mi', cpu: '0.5' })), undefined);
  t.is(
    exceedance(limited, used, parseAmounts({ memory: '513Mi', cpu: '501m', 'count/uservms.holt.dev': '1' })),
    'exceeded quota: q, requested: cpu=501m,memory=513Mi, used: cpu=500m,memory=512Mi, limited: cpu=1,memory=1Gi',
  );
});

test('a limit that was passed before it was set stops only what takes more of it', (t) => {
  const limited = quota({ configmaps: '1', secrets: '2' });
  const used = parseAmounts({ configmaps: '5', secrets: '1' });
  t.is(exceedance(limited, used, parseAmounts({ secrets: '1' })), undefined);
  t.regex(
    exceedance(limited, used, parseAmounts({ configmaps: '1' })) ?? '',
    /used: configmaps=5, limited: /,
  );
});

test('usage of names that are limited no more is not believed; the status says what is enforced', (t) => {
  const known = quota({ cpu: '1', memory: '1Gi' }, { cpu: '500m', pods: '3' });
  const used = usedOf(known);
  t.deepEqual([...used.keys()], ['cpu']);
  t.deepEqual(statusOf(known, sumOf(used, parseAmounts({ cpu: '250m', memory: '1Mi' }))), {
    hard: { cpu: '1', memory: '1Gi' },
    used: { cpu: '750m', memory: '1Mi' },
  });
});
