import test from 'ava';
import { encodeObject } from '../stored-object.ts';
import type { KeyEvent } from '../watch/watch-event.ts';
import { ResourceWindow } from './resource-window.ts';

const bytes = (name: string) => encodeObject({ apiVersion: 'v1', kind: 'X', metadata: { name } });

function put(name: string, modRevision: number, isCreate = true): KeyEvent {
  return { type: 'put', key: `/x/${name}`, value: bytes(name), modRevision, isCreate, previous: undefined };
}

function makeWindow(eventsMax = 100) {
  let applied = 10;
  const window = new ResourceWindow({ eventsMax, bytesMax: 1e9 }, 10, () => applied);
  const apply = (event: KeyEvent) => {
    window.apply(event, 10);
    applied = event.modRevision;
    window.notify();
  };
  return { window, apply };
}

test('a cursor sees each change after its revision once, in order, and is woken', (t) => {
  const { window, apply } = makeWindow();
  let woken = 0;
  const cursor = window.cursorAfter(12, () => {
    woken += 1;
  });
  for (const revision of [11, 12, 13, 14]) apply(put(`n${revision}`, revision));
  t.is(woken, 4);
  const seen = [cursor?.next(), cursor?.next(), cursor?.next()];
  t.deepEqual(
    seen.map((event) => (event === 'expired' ? event : event?.revision)),
    [13, 14, undefined],
  );
  t.is(cursor?.revision, 14);
  cursor?.close();
  t.is(window.watcherCount, 0);
});

test('what falls off the window expires slow cursors, and raises the floor', (t) => {
  const { window, apply } = makeWindow(8);
  const slow = window.cursorAfter(10, () => {});
  for (let revision = 11; revision <= 30; revision += 1) apply(put(`n${revision}`, revision));
  t.is(slow?.next(), 'expired');
  t.true(window.floorRevision > 10);
  t.is(
    window.cursorAfter(10, () => {}),
    undefined,
  );
  t.not(
    window.cursorAfter(30, () => {}),
    undefined,
  );
});

test('a new list expires every cursor', (t) => {
  const { window } = makeWindow();
  const cursor = window.cursorAfter(10, () => {});
  window.reset(new Map(), 50);
  t.is(cursor?.next(), 'expired');
});

test('a deletion carries what was deleted, at the revision of the deletion', (t) => {
  const { window, apply } = makeWindow();
  const cursor = window.cursorAfter(10, () => {});
  apply(put('n', 11));
  apply({
    type: 'delete',
    key: '/x/n',
    value: Buffer.alloc(0),
    modRevision: 12,
    isCreate: false,
    previous: undefined,
  });
  cursor?.next();
  const deletion = cursor?.next();
  t.true(typeof deletion === 'object' && deletion.type === 'DELETED');
  if (typeof deletion !== 'object') return;
  t.is(deletion.current.object.metadata.resourceVersion, '12');
  t.is(deletion.frame, deletion.frame, 'encoded once');
  t.is(window.get('/x/n'), undefined);
});

test('history fills the window without touching the state', (t) => {
  const window = new ResourceWindow({ eventsMax: 100, bytesMax: 1e9 }, 5, () => 10);
  window.apply(put('gone', 6), 10);
  t.is(window.get('/x/gone'), undefined);
  const cursor = window.cursorAfter(5, () => {});
  const event = cursor?.next();
  t.is(typeof event === 'object' ? event.type : event, 'ADDED');
});
