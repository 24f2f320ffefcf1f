import test from 'ava';
import fc from 'fast-check';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { matchesFields, parseFieldSelector } from './field-selector.ts';
import { matchesLabels, parseLabelSelector } from './label-selector.ts';
import { SelectorError } from './selector-error.ts';

const matches = (selector: string, labels: Record<string, string>) =>
  matchesLabels(parseLabelSelector(selector), labels);

test('label selectors by example', (t) => {
  const labels = { app: 'web', tier: 'front', n: '5' };
  for (const selector of [
    '',
    'app',
    'app=web',
    'app==web',
    'app in (web, api)',
    '!gone',
    'app!=api',
    'gone!=x',
    'tier notin (back)',
    'gone notin (a)',
    'n>4',
    'n<6',
    'app=web,tier=front',
  ]) {
    t.true(matches(selector, labels), selector);
  }
  for (const selector of [
    'gone',
    'app=api',
    'app in (api)',
    '!app',
    'app!=web',
    'tier notin (front,back)',
    'n>5',
    'app>1',
    'app=web,tier=back',
    'toString',
  ]) {
    t.false(matches(selector, labels), selector);
  }
  for (const selector of [
    '=x',
    'a=b=c',
    'a in b',
    'a in (b',
    'a b',
    ',',
    'a,',
    'a>b',
    '-bad-',
    'a in (b c)',
  ]) {
    t.throws(() => parseLabelSelector(selector), { instanceOf: SelectorError }, selector);
  }
});

const key = fc.constantFrom('a', 'b', 'example.com/c');
const value = fc.constantFrom('x', 'y', 'z');
const labels = fc.dictionary(key, value, { maxKeys: 3 });

test('an equality and its negation part the objects', (t) => {
  fc.assert(
    fc.property(key, value, labels, (k, v, l) => matches(`${k}=${v}`, l) !== matches(`${k}!=${v}`, l)),
  );
  fc.assert(
    fc.property(key, fc.uniqueArray(value, { minLength: 1 }), labels, (k, vs, l) => {
      const set = `(${vs.join(',')})`;
      return (
        matches(`${k} in ${set}`, l) !== matches(`${k} notin ${set}`, l) &&
        matches(k, l) !== matches(`!${k}`, l)
      );
    }),
  );
  t.pass();
});

test('a comma is an and', (t) => {
  const term = fc.tuple(key, value).map(([k, v]) => `${k}=${v}`);
  fc.assert(
    fc.property(
      term,
      term,
      labels,
      (one, other, l) => matches(`${one},${other}`, l) === (matches(one, l) && matches(other, l)),
    ),
  );
  t.pass();
});

const definitionOf = (kind: string) => {
  const definition = ALL_DEFINITIONS.find((candidate) => candidate.kind === kind);
  if (definition === undefined) throw new Error(`no kind ${kind}`);
  return definition;
};

test('field selectors compare nested fields; what is absent is empty, an absent boolean false', (t) => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
  const select = (kind: string, selector: string, object: typeof node & Record<string, unknown>) =>
    matchesFields(parseFieldSelector(selector, definitionOf(kind)), object);
  t.true(select('Node', 'metadata.name=n1,spec.unschedulable=false', node));
  t.false(select('Node', 'spec.unschedulable!=false', node));
  const vm = { ...node, kind: 'UserVM', spec: { user: 'a,b=c' }, status: { phase: 'Running' } };
  t.true(select('UserVM', 'spec.user=a\\,b\\=c,status.phase!=Failed', vm));
  t.true(select('UserVM', 'status.nodeName=', vm));
  const event = { ...node, kind: 'Event', source: { component: 'holt-node' } };
  t.true(select('Event', 'source=holt-node', event));
  t.throws(() => parseFieldSelector('spec.secret=x', definitionOf('UserVM')), { instanceOf: SelectorError });
  t.throws(() => parseFieldSelector('metadata.name', definitionOf('UserVM')), { instanceOf: SelectorError });
});
