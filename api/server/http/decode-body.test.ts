import test from 'ava';
import { decodeBody } from './decode-body.ts';
import { negotiate } from './media-type.ts';
import { StatusError } from './status-error.ts';

/** Names that every JavaScript object answers to. */
const INHERITED = ['__proto__', 'constructor', 'toString'];

test('a media type named as a property of every object is no media type', (t) => {
  for (const type of INHERITED) {
    const body = t.throws(() => decodeBody(Buffer.from('{}'), type), { instanceOf: StatusError });
    t.is(body?.code, 415, type);
    const accept = t.throws(() => negotiate(type, { protobuf: true, shapes: true }), {
      instanceOf: StatusError,
    });
    t.is(accept?.code, 406, type);
  }
});

test('bodies without a type are JSON', (t) => {
  t.deepEqual(decodeBody(Buffer.from('{"a":1}'), undefined).object, { a: 1 });
});
