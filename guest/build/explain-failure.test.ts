import test from 'ava';
import { CommandError } from '../../lib/run-command.ts';
import { explainFailure } from './explain-failure.ts';

const cases: [string, RegExp][] = [
  ['E: Could not connect to mirror.test:80', /mirror of \/etc\/apt cannot be reached/],
  ["Temporary failure: Could not resolve 'mirror.test'", /mirror of \/etc\/apt cannot be reached/],
  ['tar: ./x: Cannot write: No space left on device', /the disk is full/],
  ['E: Unable to locate package crun', /apt-get update/],
];

for (const [said, pattern] of cases) {
  test(`says what to do about: ${said}`, (t) => {
    const text = explainFailure(new CommandError(['mmdebstrap'], said));
    t.regex(text, pattern);
    t.true(text.includes(said));
  });
}

test('an unknown failure is passed on as it is', (t) => {
  t.is(explainFailure(new Error('odd')), 'odd');
});
