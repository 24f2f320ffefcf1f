import test from 'ava';
import fc from 'fast-check';
import { RevisionAssembler } from './revision-assembler.ts';

/** What a watch sends: a change that is kept, one that is not, or a bookmark. */
type Sent = { readonly type: 'kept' | 'passed' | 'bookmark'; readonly revision: number };

interface Kept {
  readonly revision: number;
  readonly number: number;
}

/** A store's history: how many kept and other changes each revision has, revision 1 first. */
const historyOf = fc.array(fc.record({ kept: fc.nat(3), passed: fc.nat(2), bookmark: fc.boolean() }), {
  maxLength: 30,
});

/** A watch from a revision, as the server sends it: bookmarks never lie within a revision. */
function watchFrom(
  history: readonly { kept: number; passed: number; bookmark: boolean }[],
  from: number,
): Sent[] {
  return history.flatMap(({ kept, passed, bookmark }, index) => {
    const revision = index + 1;
    if (revision <= from) return [];
    const changes = [...Array(kept).fill('kept'), ...Array(passed).fill('passed')];
    if (bookmark) changes.push('bookmark');
    return changes.map((type: Sent['type']) => ({ type, revision }));
  });
}

/** Reads a history over watches that are cut after so many messages each; the last one ends with a bookmark. */
function readAll(
  history: Parameters<typeof watchFrom>[0],
  cuts: readonly number[],
  resumeAt: (assembler: RevisionAssembler<Kept>, last: number) => number,
): Kept[] {
  const read: Kept[] = [];
  let from = 0;
  for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
    const assembler = new RevisionAssembler<Kept>(from);
    let last = from;
    const counts = new Map<number, number>();
    const take = (sent: Sent) => {
      last = sent.revision;
      if (sent.type === 'bookmark') return assembler.mark(sent.revision);
      if (sent.type === 'passed') return assembler.pass(sent.revision);
      const number = counts.get(sent.revision) ?? 0;
      counts.set(sent.revision, number + 1);
      return assembler.add(sent.revision, { revision: sent.revision, number });
    };
    const sent = watchFrom(history, from);
    if (cut === Number.POSITIVE_INFINITY) sent.push({ type: 'bookmark', revision: history.length });
    for (const each of sent.slice(0, cut)) read.push(...(take(each)?.items ?? []));
    from = resumeAt(assembler, last);
  }
  return read;
}

const wantedOf = (history: Parameters<typeof watchFrom>[0]): Kept[] =>
  history.flatMap(({ kept }, index) =>
    Array.from({ length: kept }, (_, number) => ({ revision: index + 1, number })),
  );

const cutsOf = fc.array(fc.nat(20), { maxLength: 8 });

test('wherever watches are cut, each change is read once, in order, and revisions are whole', (t) => {
  fc.assert(
    fc.property(historyOf, cutsOf, (history, cuts) => {
      t.deepEqual(
        readAll(history, cuts, (assembler) => assembler.completeThrough),
        wantedOf(history),
      );
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('canary: who resumes behind the last change that it saw loses the rest of its revision', (t) => {
  const lost = fc.check(
    fc.property(historyOf, cutsOf, (history, cuts) => {
      const read = readAll(history, cuts, (_, last) => last);
      return read.length === wantedOf(history).length;
    }),
    { numRuns: 500, seed: 1 },
  );
  t.true(lost.failed);
});

test('a revision is held until a later one is seen, whatever it is', (t) => {
  const open = () => {
    const assembler = new RevisionAssembler<string>(4);
    t.is(assembler.add(5, 'a'), undefined);
    t.is(assembler.add(5, 'b'), undefined);
    t.is(assembler.completeThrough, 4);
    t.true(assembler.isOpen);
    return assembler;
  };
  const whole = { revision: 5, items: ['a', 'b'] };
  t.deepEqual(open().add(7, 'c'), whole);
  t.deepEqual(open().pass(6), whole);
  t.deepEqual(open().mark(5), whole);
  t.is(open().pass(5), undefined);
  t.is(open().mark(4), undefined);
});

test('a watch that goes back is an error', (t) => {
  const assembler = new RevisionAssembler<string>(4);
  t.throws(() => assembler.add(4, 'x'), { message: /went back from revision 5 to 4/ });
  assembler.add(6, 'a');
  t.throws(() => assembler.add(5, 'b'), { message: /went back/ });
  t.deepEqual(assembler.mark(9), { revision: 6, items: ['a'] });
  t.throws(() => assembler.pass(9), { message: /went back from revision 10 to 9/ });
});
