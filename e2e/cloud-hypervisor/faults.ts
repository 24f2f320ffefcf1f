import { readFileSync } from 'node:fs';

/**
 * Faults that a test may plant: a JSON file beside the API socket (`<api socket>.faults`), read anew at each
 * use, so that a test plants and lifts them while the stand-in runs. No file: no faults. Put it into place
 * by a rename: a half-written one ends the stand-in.
 */
export interface Faults {
  /** Calls that get no answer for as long as they are listed, e.g. `["vm.info"]`; `"*"` is every call. */
  readonly hang?: readonly string[];
  /** Call -> cause chain: answered by a 500. */
  readonly fail?: Readonly<Record<string, readonly string[]>>;
  /** `vm.boot` answers, and the guest's first instruction runs this many ms later. */
  readonly bootDelayMs?: number;
  /** The guest's kernel panics at boot: it finds no init. */
  readonly guestPanic?: boolean;
  /** vsock ports whose connections are closed without OK. */
  readonly vsockRefuse?: readonly number[];
}

/** Reads the faults planted now. @throws SyntaxError, which is the test's mistake */
export function readFaults(path: string): Faults {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  return JSON.parse(text) as Faults;
}

/** Resolves when the call may be served. */
export async function untilNotHanging(path: string, call: string): Promise<void> {
  for (
    let hang = readFaults(path).hang;
    hang?.includes(call) || hang?.includes('*');
    hang = readFaults(path).hang
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
