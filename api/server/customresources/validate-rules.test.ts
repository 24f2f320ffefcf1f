import test from 'ava';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { validateSchema } from './validate-schema.ts';

const AT = 'schema.properties[spec].x-kubernetes-validations[0]';

function problems(rule: unknown, more: JsonRecord = {}): string[] {
  const spec = {
    type: 'object',
    properties: {
      a: { type: 'object', properties: { 'b.c': { type: 'string' } } },
      m: { type: 'object', additionalProperties: { type: 'integer' } },
    },
    'x-kubernetes-validations': [rule],
  };
  const schema = { type: 'object', properties: { spec, ...more } };
  return validateSchema(schema, 'schema').map(({ field, detail }) => `${field}: ${detail}`);
}

const WRONG: readonly [string, unknown, string][] = [
  ['no rule', {}, `${AT}.rule: rule is not specified`],
  ['a blank rule', { rule: ' ' }, `${AT}.rule: rule is not specified`],
  [
    'a blank message',
    { rule: 'true', message: ' ' },
    `${AT}.message: message must be non-empty if specified`,
  ],
  [
    'lines in the message',
    { rule: 'true', message: 'a\nb' },
    `${AT}.message: message must not contain line breaks`,
  ],
  [
    'lines in the rule',
    { rule: 'true\n&& true' },
    `${AT}.message: message must be specified if rule contains line breaks`,
  ],
  [
    'a blank expression',
    { rule: 'true', messageExpression: ' ' },
    `${AT}.messageExpression: messageExpression must be non-empty if specified`,
  ],
  [
    'another reason',
    { rule: 'true', reason: 'Other' },
    `${AT}.reason: supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
  ],
  ['a path to nowhere', { rule: 'true', fieldPath: '.x' }, `${AT}.fieldPath: fieldPath must be a valid path`],
  ['no path', { rule: 'true', fieldPath: 'a' }, `${AT}.fieldPath: fieldPath must be a valid path`],
  ['a number', { rule: 1 }, `${AT}.rule: must be a string`],
  ['no object', 'true', `${AT}: must be an object with a rule`],
  [
    'a message that is no text',
    { rule: 'true', messageExpression: '1' },
    `${AT}.messageExpression: messageExpression must evaluate to a string`,
  ],
  [
    'optionalOldSelf without oldSelf',
    { rule: 'true', optionalOldSelf: true },
    `${AT}.optionalOldSelf: may not be set if oldSelf is not used in rule`,
  ],
];

for (const [name, rule, problem] of WRONG) test(name, (t) => t.deepEqual(problems(rule), [problem]));

for (const fieldPath of ['.a', ".a['b.c']", '.m.any', ".m['x y']"])
  test(`a path that is right: ${fieldPath}`, (t) => t.deepEqual(problems({ rule: 'true', fieldPath }), []));

test('what has no old self cannot ask for it', (t) => {
  const changing = { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
  const list = (more: JsonRecord) => ({ list: { type: 'array', maxItems: 10, items: changing, ...more } });
  const within = (place: string, path: string) =>
    `${path}.x-kubernetes-validations[0].rule: oldSelf cannot be used on the uncorrelatable portion of the schema within ${place}`;
  const [at, items] = ['schema.properties[list]', 'schema.properties[list].items'];
  t.deepEqual(problems({ rule: 'true' }, list({})), [within(at, items)]);
  t.deepEqual(problems({ rule: 'true' }, list({ 'x-kubernetes-list-type': 'set' })), [within(at, items)]);
  const keyed = {
    type: 'object',
    required: ['k'],
    properties: { k: { type: 'string' }, v: changing },
  };
  const map = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: keyed,
  };
  t.deepEqual(problems({ rule: 'true' }, { list: map }), []);
  const atomic = { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { v: changing } };
  t.deepEqual(problems({ rule: 'true' }, { atomic }), [
    within('schema.properties[atomic]', 'schema.properties[atomic].properties[v]'),
  ]);
  t.deepEqual(problems({ rule: 'self == oldSelf' }), []);
});
