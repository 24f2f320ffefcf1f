import test from 'ava';
import type { PolicySpec } from '../../../crds/validatingadmissionpolicy/definition.ts';
import { compilePolicy } from './compile-policy.ts';
import { policyEnvironment, untyped } from './environment.ts';
import { type Activation, evaluatePolicy } from './evaluate.ts';
import { requestObject } from './request-object.ts';

const WRITE = {
  operation: 'UPDATE' as const,
  ...{ group: 'example.com', version: 'v1', plural: 'widgets', subresource: '' },
  kind: { group: 'example.com', version: 'v1', kind: 'Widget' },
  ...{ namespace: 'team', name: 'one' },
  object: null,
  oldObject: null,
  user: { name: 'u', groups: ['g'], extra: { scopes: ['s'] } },
  dryRun: true,
  options: { kind: 'UpdateOptions', fieldManager: 'm' },
  otherVersions: () => [],
  namespaceObject: () => undefined,
};

const OBJECT = {
  metadata: { name: 'one', labels: { constructor: 'x' } },
  spec: { replicas: 3, ratio: 0.5, items: ['a', 'b'], at: '2026-01-02T03:04:05Z', off: false },
};

function activation(params: unknown = null): Activation {
  return {
    object: untyped(OBJECT),
    oldObject: null,
    request: policyEnvironment().request.convert(requestObject(WRITE, 'v2')),
    params: untyped(params),
    namespaceObject: untyped({ metadata: { name: 'team' } }),
    authorizer: null,
  };
}

function evaluate(spec: PolicySpec, options: { isIgnored?: boolean; params?: unknown } = {}) {
  return evaluatePolicy(compilePolicy(spec), activation(options.params), options.isIgnored === true);
}

/** What a validation leads to: '' where it holds. */
function verdict(expression: string, more: Partial<PolicySpec> = {}): string {
  const { failures } = evaluate({ ...more, validations: [{ expression }] });
  return failures.map(({ message }) => message).join();
}

const TRUE = [
  'object.spec.replicas == 3',
  'object.spec.replicas > 2 && object.spec.ratio < 1.0',
  "object.spec.items.all(item, item != 'c')",
  "object.spec.items.exists(item, item == 'a')",
  "object.metadata.labels['constructor'] == 'x'",
  "object.metadata.labels.all(key, key == 'constructor')",
  'oldObject == null',
  'has(object.spec.off) && !object.spec.off',
  '!has(object.spec.nothing)',
  'object.?spec.?nothing.orValue(7) == 7',
  "timestamp(object.spec.at) < timestamp('2027-01-01T00:00:00Z')",
  "request.operation == 'UPDATE' && request.dryRun",
  "request.kind.version == 'v2' && request.requestKind.version == 'v1'",
  "request.resource.resource == 'widgets' && request.requestResource.version == 'v1'",
  "request.userInfo.username == 'u' && 'g' in request.userInfo.groups",
  "request.userInfo.extra['scopes'][0] == 's'",
  "request.options.fieldManager == 'm'",
  '!has(request.subResource) && !has(request.userInfo.uid)',
  "namespaceObject.metadata.name == 'team'",
  // As docs/api.md tells to let Holt's own processes pass.
  "!('system:nodes' in request.userInfo.groups) && request.userInfo.username != 'system:holt-manager'",
  "object.spec.replicas > 5 || namespaceObject.metadata.name == 'team'",
];

for (const expression of TRUE) test(`true: ${expression}`, (t) => t.is(verdict(expression), ''));

test('what cannot be evaluated is told with its expression', (t) => {
  t.is(
    verdict('object.spec.nothing > 1'),
    "expression 'object.spec.nothing > 1' resulted in error: No such key: nothing",
  );
});

test('the message: from its expression, else as written, else the expression', (t) => {
  const message = (validation: object) =>
    evaluate({ validations: [{ expression: 'false', ...validation }] }).failures[0]?.message;
  t.is(message({ messageExpression: "'got ' + string(object.spec.replicas)", message: 'm' }), 'got 3');
  t.is(message({ messageExpression: "'a' + '\\n'+ 'b'", message: ' m ' }), 'm');
  t.is(message({ messageExpression: 'object.spec.nothing', message: 'm' }), 'm');
  t.is(message({ messageExpression: "'  '" }), 'failed expression: false');
  t.is(message({}), 'failed expression: false');
});

test('a reason goes with its validation; every validation is asked', (t) => {
  const { failures } = evaluate({
    validations: [
      { expression: 'false', reason: 'Forbidden' },
      { expression: 'true' },
      { expression: 'object.spec.replicas == 2', message: 'two' },
    ],
  });
  t.deepEqual(failures, [
    { index: 0, message: 'failed expression: false', reason: 'Forbidden' },
    { index: 2, message: 'two', reason: 'Invalid' },
  ]);
});

test('match conditions: one that is false ends it, one that fails counts as the failure policy says', (t) => {
  const asked = (...expressions: string[]): PolicySpec => ({
    matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    validations: [{ expression: 'false', message: 'asked' }],
  });
  const messages = (spec: PolicySpec, isIgnored = false) =>
    evaluate(spec, { isIgnored }).failures.map(({ message }) => message);
  t.deepEqual(messages(asked('true', 'object.spec.replicas == 3')), ['asked']);
  t.deepEqual(messages(asked('true', 'false')), []);
  t.deepEqual(messages(asked('object.nothing', 'false')), []);
  t.deepEqual(messages(asked('object.nothing')), [
    "expression 'object.nothing' resulted in error: No such key: nothing",
  ]);
  t.deepEqual(messages(asked('object.nothing'), true), []);
  // They know no namespace and no variables.
  t.deepEqual(messages(asked('namespaceObject == null')), ['asked']);
});

test('a failure policy of Ignore takes what fails, and nothing that is false', (t) => {
  const spec = {
    validations: [{ expression: 'object.nothing == 1' }, { expression: 'false', message: 'false' }],
  };
  t.deepEqual(
    evaluate(spec, { isIgnored: true }).failures.map(({ message }) => message),
    ['false'],
  );
  t.is(evaluate(spec).failures.length, 2);
});

test('variables build on each other, are evaluated once, and only where they are used', (t) => {
  const variables = [
    { name: 'replicas', expression: 'object.spec.replicas' },
    { name: 'double', expression: 'variables.replicas * 2' },
    { name: 'broken', expression: 'object.nothing' },
    { name: 'constructor', expression: '1' },
  ];
  t.is(verdict('variables.double == 6 && variables.replicas == 3', { variables }), '');
  t.is(verdict('variables.constructor == 1', { variables }), '');
  t.is(verdict('true || variables.broken', { variables }), '');
  t.is(
    verdict('variables.broken', { variables }),
    'expression \'variables.broken\' resulted in error: composited variable "broken" fails to evaluate: No such key: nothing',
  );
});

test('parameters', (t) => {
  const spec: PolicySpec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [{ expression: 'object.spec.replicas <= int(params.data.max)' }],
  };
  t.is(evaluate(spec, { params: { data: { max: '3' } } }).failures.length, 0);
  t.is(evaluate(spec, { params: { data: { max: '2' } } }).failures.length, 1);
});

test('audit annotations: strings are told, null and blanks are not, all else is an error', (t) => {
  const annotations = (valueExpression: string, isIgnored = false) => {
    const spec = { auditAnnotations: [{ key: 'k', valueExpression }] };
    const evaluation = evaluate(spec, { isIgnored });
    return [...evaluation.annotations.map(({ value }) => value), ...evaluation.annotationErrors];
  };
  t.deepEqual(annotations("'n: ' + string(object.spec.replicas)"), ['n: 3']);
  t.deepEqual(annotations("object.spec.replicas > 5 ? dyn('many') : dyn(null)"), []);
  t.deepEqual(annotations("' '"), []);
  t.deepEqual(annotations('object.nothing'), [
    "expression 'object.nothing' resulted in error: No such key: nothing",
  ]);
  t.deepEqual(annotations('object.nothing', true), []);
  t.regex(annotations('object.spec.replicas').join(), /resulted in unsupported return type/);
});

/** Asks for so much that one expression cannot pay for it. */
const DEAR =
  '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))';

test('one expression may cost so much, and all together so much', (t) => {
  t.regex(verdict(DEAR), /resulted in error: operation cancelled: actual cost limit exceeded$/);
  const validations = Array.from({ length: 12 }, () => ({ expression: DEAR }));
  const { failures } = evaluate({ validations });
  t.deepEqual(failures, [
    {
      index: 0,
      message: 'validation failed due to running out of cost budget, no further validation rules will be run',
      reason: 'Invalid',
    },
  ]);
  t.deepEqual(evaluate({ validations }, { isIgnored: true }).failures, []);
});

const ERRORS: readonly [string, RegExp][] = [
  ['object.spec.(', /ERROR: <input>:1:13: Syntax error: Expected IDENTIFIER/],
  ['nothing > 1', /ERROR: <input>:1:1: undeclared reference to 'nothing' \(in container ''\)/],
  ['params.data.x == 1', /undeclared reference to 'params'/],
  ['variables.x == 1', /undefined field 'x'/],
  ['request.nothing == 1', /ERROR: <input>:1:9: undefined field 'nothing'/],
  [
    'request.name > 1',
    /ERROR: <input>:1:14: found no matching overload for '_>_' applied to '\(string, int\)'/,
  ],
  ["'a'", /^must evaluate to bool but got string$/],
  ["authorizer.check('x')", /found no matching overload for 'check'/],
];

for (const [expression, error] of ERRORS)
  test(`does not compile: ${expression}`, (t) => {
    const [placed] = compilePolicy({ validations: [{ expression }] }).all;
    t.is(placed?.field, 'spec.validations[0].expression');
    t.regex(placed?.expression.error ?? '', error);
  });
