import { z } from 'zod';

/** One entry of `--event-monitor`. The time counts from the VMM's start, not from the epoch. */
export const vmmEventSchema = z.looseObject({
  timestamp: z.object({ secs: z.int(), nanos: z.int() }),
  /** `vmm`, `vm`, `guest`, `virtio-device`, ... */
  source: z.string(),
  /** e.g. `booted`, `shutdown`, `panic`. */
  event: z.string(),
  properties: z.record(z.string(), z.string()).nullish(),
});
export type VmmEvent = z.infer<typeof vmmEventSchema>;

/** No event comes near this; more without an end means that the file is not an event file. */
const eventCharsMax = 1024 * 1024;

/**
 * Cuts a stream of pretty-printed JSON objects, which span lines, into events. Text may be split anywhere.
 * Feed it with `push`; unreadable objects are counted, not thrown: monitoring must go on behind them.
 */
export class VmmEventParser {
  #text = '';
  #scanned = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #unreadableCount = 0;

  /** Objects that were no events, since the start. */
  get unreadableCount(): number {
    return this.#unreadableCount;
  }

  /** Adds text and returns the events that it completes. */
  push(chunk: string): VmmEvent[] {
    this.#text += chunk;
    const events: VmmEvent[] = [];
    for (let end = this.#nextEnd(); end !== undefined; end = this.#nextEnd()) {
      const event = this.#parse(this.#text.slice(0, end));
      if (event !== undefined) events.push(event);
      this.#text = this.#text.slice(end);
      this.#scanned = 0;
    }
    if (this.#text.length > eventCharsMax) this.reset();
    return events;
  }

  /** Forgets a half-read object: for a file that was begun anew. */
  reset(): void {
    this.#text = '';
    this.#scanned = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** Index after the closing brace of the first whole object; undefined when none is complete. */
  #nextEnd(): number | undefined {
    for (; this.#scanned < this.#text.length; this.#scanned += 1) {
      if (this.#closesObject(this.#text.charAt(this.#scanned))) return this.#scanned + 1;
    }
    return undefined;
  }

  #closesObject(char: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (char === '\\') this.#escaped = true;
      else if (char === '"') this.#inString = false;
      return false;
    }
    if (char === '"') this.#inString = this.#depth > 0;
    else if (char === '{') this.#depth += 1;
    else if (char === '}' && this.#depth > 0) {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }

  #parse(text: string): VmmEvent | undefined {
    try {
      return vmmEventSchema.parse(JSON.parse(text.slice(text.indexOf('{'))));
    } catch {
      this.#unreadableCount += 1;
      return undefined;
    }
  }
}
