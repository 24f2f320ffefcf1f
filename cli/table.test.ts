import test from 'ava';
import { formatTable, parseTable } from './table.ts';

const table = parseTable({
  kind: 'Table',
  columnDefinitions: [{ name: 'Name' }, { name: 'Phase' }, { name: 'IP', priority: 1 }],
  rows: [
    {
      cells: ['alice', 'Running', '10.66.0.2'],
      object: { metadata: { name: 'alice', namespace: 'default' } },
    },
    { cells: ['b', null, ''], object: { metadata: { name: 'b', namespace: 'team-1' } } },
  ],
});

test('columns line up, wide ones only when asked for', (t) => {
  t.is(formatTable(table, {}), 'NAME    PHASE\nalice   Running\nb       <none>');
  t.is(
    formatTable(table, { wide: true, withNamespace: true }),
    'NAMESPACE   NAME    PHASE     IP\ndefault     alice   Running   10.66.0.2\nteam-1      b       <none>    <none>',
  );
});
