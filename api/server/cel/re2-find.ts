import type { RE2JS } from '@bufbuild/re2';

/*
 * The library tells whether an expression matches, not where. This runs its program for that: all ways at once, the
 * preferred one first, each character once. Source: swtch.com/~rsc/regexp/regexp2.html
 */

/** Instructions. Source: @bufbuild/re2 Inst.ts */
const OP = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  emptyWidth: 4,
  match: 6,
  nop: 7,
  rune: 8,
  runeLast: 11,
} as const;
/** What may be asked of a place between two characters. Source: @bufbuild/re2 Utils.ts */
const AT = { beginLine: 1, endLine: 2, beginText: 4, endText: 8, boundary: 16, noBoundary: 32 } as const;

const NEWLINE = 0x0a;

function isWord(rune: number): boolean {
  return rune >= 0 && rune < 0x80 && /\w/.test(String.fromCharCode(rune));
}

function placeBetween(before: number, after: number): number {
  let place = isWord(before) === isWord(after) ? AT.noBoundary : AT.boundary;
  if (before < 0) place |= AT.beginText | AT.beginLine;
  if (before === NEWLINE) place |= AT.beginLine;
  if (after < 0) place |= AT.endText | AT.endLine;
  if (after === NEWLINE) place |= AT.endLine;
  return place;
}

type Program = ReturnType<RE2JS['re2']>['prog'];

/** Where the program is, on the way from a start. */
interface Thread {
  readonly pc: number;
  readonly start: number;
}

/** What follows an instruction without a character, preferred first. */
function follow(program: Program, thread: Thread, place: number, seen: Set<number>, into: Thread[]): void {
  const pending = [thread.pc];
  while (pending.length > 0) {
    const pc = pending.pop() ?? 0;
    if (seen.has(pc)) continue;
    seen.add(pc);
    const { op, out, arg } = program.getInst(pc);
    if (op === OP.alt || op === OP.altMatch) pending.push(arg, out);
    else if (op === OP.nop || op === OP.capture) pending.push(out);
    else if (op === OP.emptyWidth) {
      if ((arg & ~place) === 0) pending.push(out);
    } else into.push({ pc, start: thread.start });
  }
}

function runeAt(text: string, at: number): number {
  return text.codePointAt(at) ?? -1;
}

function runeBefore(text: string, at: number): number {
  if (at <= 0) return -1;
  const before = runeAt(text, at - 2);
  return before > 0xffff ? before : text.charCodeAt(at - 1);
}

/** The first match from a place on, as where it begins and ends; undefined where there is none. */
export function findFrom(expression: RE2JS, text: string, from: number): [number, number] | undefined {
  const { prog: program } = expression.re2();
  let threads: Thread[] = [];
  let found: [number, number] | undefined;
  for (let at = from; ; ) {
    const rune = runeAt(text, at);
    const width = rune > 0xffff ? 2 : 1;
    const seen = new Set<number>();
    const now: Thread[] = [];
    const place = placeBetween(runeBefore(text, at), rune);
    for (const thread of threads) follow(program, thread, place, seen, now);
    if (found === undefined) follow(program, { pc: program.start, start: at }, place, seen, now);
    threads = [];
    for (const { pc, start } of now) {
      const inst = program.getInst(pc);
      if (inst.op === OP.match) {
        // Those after it are of less worth.
        found = [start, at];
        break;
      }
      const isRune = inst.op >= OP.rune && inst.op <= OP.runeLast;
      if (rune >= 0 && isRune && inst.matchRune(rune)) threads.push({ pc: inst.out, start });
    }
    if (rune < 0 || (threads.length === 0 && found !== undefined)) return found;
    at += width;
  }
}
