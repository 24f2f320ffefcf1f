import test from 'ava';
import { normalizeOutput } from './normalize-output.ts';
import { ConversationSyntaxError, parseConversation, renderStep } from './parse-conversation.ts';

const TEXT = `# Hello.

<< a.yaml
kind: A

# not a comment
>>
$ kubectl get a
| NAME
|
| x
! Warning: y
= 1
`;

test('a conversation is written as it was read', (t) => {
  const steps = parseConversation(TEXT);
  t.deepEqual(steps, [
    { kind: 'text', line: '# Hello.' },
    { kind: 'text', line: '' },
    { kind: 'file', name: 'a.yaml', text: 'kind: A\n\n# not a comment\n' },
    { kind: 'command', command: 'kubectl get a' },
  ]);
  const outcome = { exitCode: 1, stdout: 'NAME\n\nx\n', stderr: 'Warning: y\n' };
  t.is(steps.map((step) => renderStep(step, outcome)).join(''), TEXT);
});

test('what is no part of a conversation is refused with its line', (t) => {
  for (const [text, line] of [
    ['$ a\nkubectl', 2],
    ['<< f\nnever closed', 1],
  ] as const) {
    const error = t.throws(() => parseConversation(text), { instanceOf: ConversationSyntaxError });
    t.true(error?.message.startsWith(`line ${line}: `));
  }
});

test('ages, times, UIDs, revisions and places are made the same; the columns stay', (t) => {
  const normal = (text: string) => normalizeOutput(text, '/tmp/x');
  t.is(
    normal('NAME   AGE   LABELS\na      12s   b=c\nd      2s    e=9s-f\n'),
    'NAME   AGE   LABELS\na      0s    b=c\nd      0s    e=9s-f\n',
  );
  t.is(normal('LAST SEEN   TYPE\n1m2s        Normal\n'), 'LAST SEEN   TYPE\n0s          Normal\n');
  t.is(normal('a   1   3s\n'), 'a   1   0s\n');
  t.is(
    normal('  Normal  Up      7s    node  in 5s it was up\n'),
    '  Normal  Up      0s    node  in 5s it was up\n',
  );
  t.is(
    normal('at 2026-01-02T03:04:05Z in /tmp/x/f of https://127.0.0.1:77'),
    'at <time> in <dir>/f of https://<server>',
  );
  t.is(
    normal('resourceVersion: "12"\nuid: 00000000-0000-4000-8000-000000000000'),
    'resourceVersion: "<rv>"\nuid: <uid>',
  );
});
