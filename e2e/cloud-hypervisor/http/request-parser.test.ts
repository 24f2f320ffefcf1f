import test from 'ava';
import fc from 'fast-check';
import { HttpParseError, RequestParser } from './request-parser.ts';

const put = (body: string) =>
  `PUT /api/v1/vm.create HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('any cut of the stream gives the same requests', (t) => {
  const whole = Buffer.from(`${put('{"ä":1}')}GET /api/v1/vm.info HTTP/1.1\r\n\r\n${put('x')}`);
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 6 }), (cuts) => {
      const parser = new RequestParser();
      const points = [0, ...cuts.sort((a, b) => a - b), whole.length];
      const requests = points
        .slice(1)
        .flatMap((end, index) => parser.push(whole.subarray(points[index], end)));
      t.deepEqual(requests, [
        { method: 'PUT', path: '/api/v1/vm.create', body: '{"ä":1}' },
        { method: 'GET', path: '/api/v1/vm.info', body: undefined },
        { method: 'PUT', path: '/api/v1/vm.create', body: 'x' },
      ]);
    }),
  );
});

test('a chunked body is lost: the request has none, and its chunks are no request', (t) => {
  const parser = new RequestParser();
  const head = 'PUT /api/v1/vm.create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
  t.is(parser.push(Buffer.from(head))[0]?.body, undefined);
  t.throws(() => parser.push(Buffer.from('2\r\n{}\r\n0\r\n\r\n')), { instanceOf: HttpParseError });
});

const refused: Record<string, [string, RegExp]> = {
  'no request line': ['hello\r\n\r\n', /^Invalid request\.$/],
  'an unknown method': ['POST / HTTP/1.1\r\n\r\n', /Unsupported HTTP method/],
  'an unknown version': ['GET / HTTP/2\r\n\r\n', /Unsupported HTTP version/],
  'a length that is no number': [
    'PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
    /Invalid value\. Key:Content-Length/,
  ],
  'a body over the limit': [
    'PUT / HTTP/1.1\r\nContent-Length: 51201\r\n\r\n',
    /51201 is larger than the limit of 51200/,
  ],
};

for (const [what, [text, message]] of Object.entries(refused)) {
  test(`refuses ${what}, and reads the next request`, (t) => {
    const parser = new RequestParser();
    t.throws(() => parser.push(Buffer.from(text)), { instanceOf: HttpParseError, message });
    t.is(parser.push(Buffer.from('GET / HTTP/1.1\r\n\r\n')).length, 1);
  });
}
