import test from 'ava';
import { parseResourceArguments } from './resource-argument.ts';

const read = (...words: string[]) =>
  parseResourceArguments(words).map(({ definition, names }) => [definition.plural, ...names]);

test('kinds by plural, singular and short name, alone or with names', (t) => {
  t.deepEqual(read('uvm'), [['uservms']]);
  t.deepEqual(read('uservms,sc'), [['uservms'], ['sandboxcontainers']]);
  t.deepEqual(read('UserVM', 'alice', 'bob'), [['uservms', 'alice', 'bob']]);
  t.deepEqual(read('uservm/alice', 'sc/alice-live'), [
    ['uservms', 'alice'],
    ['sandboxcontainers', 'alice-live'],
  ]);
});

test('what is no kind is named, with what there is', (t) => {
  t.throws(() => read('pods'), { message: /"pods"; there are: namespaces/ });
  t.throws(() => read('uservm/'), { message: /expected KIND\/NAME/ });
  t.throws(() => read(), { message: /name a kind/ });
});
