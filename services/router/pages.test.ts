import test from 'ava';
import { pageFiles } from './pages.ts';
import { EDGE_ANSWERS, EDGE_REASONS } from './reasons.ts';

const files = new Map(pageFiles(false).map(({ name, content }) => [name, content]));
/** What HAProxy keeps free of its buffer for what it adds. */
const ERRORFILE_BYTES_MAX = 16_384 - 1024;

for (const reason of EDGE_REASONS) {
  test(`the pages of ${reason}`, (t) => {
    const { refresh, retryAfterSeconds, status, title } = EDGE_ANSWERS[reason];
    const html = files.get(`${reason}.html`) ?? '';
    t.true(html.includes(`<h1>${title}</h1>`));
    t.is(html.includes('http-equiv="refresh"'), refresh === true);
    t.notRegex(html, /(src|href)=|<script/);
    t.like(JSON.parse(files.get(`${reason}.json`) ?? ''), { status, reason, title });
    t.is(retryAfterSeconds !== undefined, status >= 500);
  });
}

test('whole messages say their length right and fit into a buffer', (t) => {
  const messages = [...files].filter(([name]) => name.endsWith('.http'));
  t.is(messages.length, 6);
  for (const [name, message] of messages) {
    const [head = '', body = ''] = message.split('\r\n\r\n');
    t.is(Number(/content-length: (\d+)/.exec(head)?.[1]), Buffer.byteLength(body), name);
    t.true(Buffer.byteLength(message) < ERRORFILE_BYTES_MAX, name);
    t.regex(head, /retry-after: \d+/, name);
  }
});

test('only development says how to make a session', (t) => {
  const development = new Map(pageFiles(true).map(({ name, content }) => [name, content]));
  t.regex(development.get('no-session.html') ?? '', /holt session create/);
  t.notRegex(files.get('no-session.html') ?? '', /holt session create/);
});
