import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { isUnchanged, listTransitions, planChanges } from './plan-changes.ts';
import {
  decodeRoute,
  makeRoute,
  type Route,
  type RouteFields,
  type RouteTable,
  routeKey,
} from './route-table.ts';

const USERS = ['alice', 'bob', 'carol'] as const;
const state = fc.constantFrom('ready' as const, 'vm-starting' as const, 'container-missing' as const);
const vm = fc.record({
  vmId: fc.constantFrom('1', '2'),
  ip: fc.constantFrom('', '10.66.1.1', '10.66.1.2', '10.66.1.3'),
  bootId: fc.constantFrom('b1', 'b2'),
  live: fc.option(state),
  dev: fc.option(state),
});

/** Up to three users' VMs; no two hold one address. */
const table: fc.Arbitrary<RouteTable> = fc.tuple(vm, vm, vm).map((vms) => {
  const routes = new Map<string, Route>();
  const claimed = new Set<string>();
  for (const [index, user] of USERS.entries()) {
    const { bootId, ip, vmId, ...states } = vms[index] ?? vms[0];
    const isFree = ip !== '' && !claimed.has(ip);
    claimed.add(ip);
    for (const target of ['live', 'dev'] as const) {
      const wanted = states[target];
      if (wanted === null) continue;
      const route = {
        user,
        target,
        vmId: `vm-${user}-${vmId}`,
        ip: isFree ? ip : '',
        containerName: 'c',
        bootId,
      };
      routes.set(routeKey(user, target), makeRoute({ ...route, state: isFree ? wanted : 'vm-starting' }));
    }
  }
  return routes;
});
const contents = (routes: RouteTable) => ({
  entries: new Map([...routes].map(([key, item]) => [key, item.value])),
  duplicateKeys: new Set<string>(),
});

function carryOut(entries: Map<string, string>, changes: ReturnType<typeof planChanges>['admit']): void {
  for (const { key, value } of changes) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
}

test('carried out, the changes give the table; a second plan is empty', (t) => {
  fc.assert(
    fc.property(table, table, (before, after) => {
      const { entries } = contents(before);
      const changes = planChanges({ entries, duplicateKeys: new Set() }, after);
      carryOut(entries, changes.withdraw);
      carryOut(entries, changes.admit);
      assert.deepEqual(entries, contents(after).entries);
      const again = planChanges({ entries, duplicateKeys: new Set() }, after);
      assert.ok(isUnchanged(again));
    }),
  );
  t.pass();
});

test('between withdrawal and admission nobody is sent to an address that changes hands', (t) => {
  fc.assert(
    fc.property(table, table, (before, after) => {
      const { entries } = contents(before);
      const changes = planChanges({ entries, duplicateKeys: new Set() }, after);
      carryOut(entries, changes.withdraw);
      const released = new Set(changes.releasedAddresses);
      for (const [key, value] of entries) {
        const left = decodeRoute(key, value);
        assert.ok(
          left !== undefined && !(left.state === 'ready' && released.has(left.ip)),
          `${key} ${value}`,
        );
      }
    }),
  );
  t.pass();
});

test('an address is released when its VM, its boot or its user changes, and by nothing else', (t) => {
  const alice: RouteFields = {
    user: 'alice',
    target: 'live',
    state: 'ready',
    vmId: 'vm-1',
    ip: '10.66.1.1',
    containerName: 'c',
    bootId: 'b1',
  };
  const released = (after: RouteFields | undefined) =>
    planChanges(
      contents(new Map([['alice/live', makeRoute(alice)]])),
      new Map(after === undefined ? [] : [[routeKey(after.user, after.target), makeRoute(after)]]),
    ).releasedAddresses;
  t.deepEqual(released(alice), []);
  t.deepEqual(released({ ...alice, state: 'vm-starting' }), []);
  t.deepEqual(released({ ...alice, containerName: 'other' }), []);
  t.deepEqual(released(undefined), ['10.66.1.1']);
  t.deepEqual(released({ ...alice, ip: '' }), ['10.66.1.1']);
  t.deepEqual(released({ ...alice, ip: '10.66.1.2' }), ['10.66.1.1']);
  t.deepEqual(released({ ...alice, bootId: 'b2' }), ['10.66.1.1']);
  t.deepEqual(released({ ...alice, vmId: 'vm-2' }), ['10.66.1.1']);
  t.deepEqual(released({ ...alice, user: 'bob' }), ['10.66.1.1']);
});

test('entries that are no routes are withdrawn', (t) => {
  const entries = new Map([
    ['odd', 'x'],
    ['alice/live', 'y'],
  ]);
  const changes = planChanges({ entries, duplicateKeys: new Set() }, new Map());
  t.deepEqual(changes.withdraw, [
    { key: 'odd', value: undefined },
    { key: 'alice/live', value: undefined },
  ]);
});

test('transitions are the differences of two tables', (t) => {
  fc.assert(
    fc.property(table, table, (before, after) => {
      const rebuilt = new Map(before);
      for (const transition of listTransitions(before, after)) {
        if (transition.after !== undefined) {
          rebuilt.set(routeKey(transition.after.user, transition.after.target), transition.after);
        } else if (transition.before !== undefined) {
          rebuilt.delete(routeKey(transition.before.user, transition.before.target));
        }
      }
      assert.deepEqual(rebuilt, after);
      assert.deepEqual(listTransitions(after, after), []);
    }),
  );
  t.pass();
});
