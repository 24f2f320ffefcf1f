import test from 'ava';
import type { Attributes } from '../authorize.ts';
import { ruleAllows, urlCovers } from './match-rule.ts';
import type { PolicyRule } from './policy-rule.ts';

const EMPTY: PolicyRule = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
const ASKED: Attributes = {
  user: { name: 'u', groups: [] },
  verb: 'get',
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'n',
  name: 'x',
};

function allows(rule: Partial<PolicyRule>, asked: Partial<Attributes> = {}): boolean {
  const base = { ...EMPTY, verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  return ruleAllows({ ...base, ...rule }, { ...ASKED, ...asked });
}

test('verb, group and resource must each fit, by themselves or by a star', (t) => {
  t.true(allows({}));
  t.false(allows({}, { verb: 'list' }));
  t.true(allows({ verbs: ['*'] }, { verb: 'anything' }));
  t.false(allows({}, { group: 'apps' }));
  t.true(allows({ apiGroups: ['*'] }, { group: 'apps' }));
  t.false(allows({}, { resource: 'secrets' }));
  t.true(allows({ resources: ['*'] }, { resource: 'secrets', subresource: 'status' }));
});

test('a subresource is a resource of its own', (t) => {
  t.false(allows({}, { subresource: 'log' }));
  t.true(allows({ resources: ['pods/log'] }, { subresource: 'log' }));
  t.false(allows({ resources: ['pods/log'] }));
  t.true(allows({ resources: ['*/scale'] }, { resource: 'toys', subresource: 'scale' }));
  t.false(allows({ resources: ['*/scale'] }, { resource: 'toys' }));
  t.false(allows({ resources: ['pods/*'] }, { subresource: 'log' }));
});

test('names limit a rule, also where no name is known', (t) => {
  t.true(allows({ resourceNames: ['x', 'y'] }));
  t.false(allows({ resourceNames: ['y'] }));
  t.false(allows({ resourceNames: ['x'] }, { name: '' }));
  t.false(allows({ resourceNames: ['*'] }));
});

test('paths are for rules with URLs alone', (t) => {
  const path = { path: '/metrics', group: '', resource: '', namespace: '', name: '' };
  t.false(allows({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, path));
  t.true(allows({ nonResourceURLs: ['/metrics'] }, path));
  t.false(allows({ resources: [], nonResourceURLs: ['*'] }));
  t.true(urlCovers('/healthz/*', '/healthz/etcd'));
  t.false(urlCovers('/healthz/*', '/healthz'));
  t.true(urlCovers('*', '/anything'));
  t.false(urlCovers('/api', '/apis'));
});
