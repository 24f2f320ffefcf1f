import test from 'ava';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { isNestedTooDeeply, NESTING_DEPTH_MAX } from './nesting.ts';
import { compileSchema } from './structural.ts';

function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth));
}

test('the deepest nesting that is taken', (t) => {
  t.false(isNestedTooDeeply(1));
  t.false(isNestedTooDeeply(nested(NESTING_DEPTH_MAX)));
  t.true(isNestedTooDeeply(nested(NESTING_DEPTH_MAX + 2)));
});

test('an object that is nested without end is refused, not followed', (t) => {
  const bomb = { metadata: { name: 'x' }, spec: { command: nested(1_000_000) } };
  const { errors } = compileSchema(sandboxContainerDefinition).validate(bomb, { fieldValidation: 'Strict' });
  t.deepEqual(
    errors.map(({ detail }) => detail),
    [`must not nest lists and objects deeper than ${NESTING_DEPTH_MAX} levels`],
  );
});
