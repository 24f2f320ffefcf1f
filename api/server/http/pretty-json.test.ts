import test from 'ava';
import { withLayout } from './pretty-json.ts';

const answer = { code: 200, contentType: 'application/json', body: '{"a":[],"b":{"c":1}}\n' };
const PRETTY = '{\n  "a": [],\n  "b": {\n    "c": 1\n  }\n}';

function bodyFor(query: string, userAgent?: string, path = '/api/v1/nodes') {
  return withLayout(answer, { path, query: new URLSearchParams(query), userAgent }).body;
}

test('JSON is laid out in lines for people, and where it is asked for', (t) => {
  for (const agent of ['curl/8.5.0', 'Wget/1.21', 'Mozilla/5.0 (X11)']) t.is(bodyFor('', agent), PRETTY);
  t.is(bodyFor('pretty=true'), PRETTY);
  t.is(bodyFor('', undefined, '/version'), PRETTY);
  t.is(bodyFor('pretty=false', 'curl/8.5.0'), answer.body);
  t.is(bodyFor('', 'kubectl/v1.32.4'), answer.body);
  t.is(bodyFor('pretty=1', undefined, '/openapi/v3'), answer.body);
});

test('what is no JSON is left as it is', (t) => {
  const text = { code: 404, contentType: 'text/plain; charset=utf-8', body: '404 page not found\n' };
  const request = { path: '/x', query: new URLSearchParams('pretty=1'), userAgent: 'curl/8' };
  t.is(withLayout(text, request), text);
});
