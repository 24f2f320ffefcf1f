import type { ValueTransformer } from '../encryption/value-transformer.ts';
import type { WireEvent } from './watch-messages.ts';

/** One change of one key. */
export interface KeyEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty after a delete. */
  readonly value: Buffer;
  readonly modRevision: number;
  /** The key did not exist before. */
  readonly isCreate: boolean;
  /** The value before, where it was asked for and is not compacted. */
  readonly previous: { readonly value: Buffer; readonly modRevision: number } | undefined;
}

/** A copy: what is kept for long must not keep the whole message, previous value included, that it came in. */
function ownBytes(value: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(value.length);
  value.copy(copy);
  return copy;
}

/** A watch answer's event in the storage layer's own terms. */
export function toKeyEvent(event: WireEvent): KeyEvent {
  const { kv, previous } = event;
  return {
    type: event.type === 'PUT' ? 'put' : 'delete',
    key: kv.key,
    value: ownBytes(kv.value),
    modRevision: kv.modRevision,
    isCreate: event.type === 'PUT' && kv.createRevision === kv.modRevision,
    previous: previous && { value: previous.value, modRevision: previous.modRevision },
  };
}

/** The event with its values as they were before they were sealed. */
export function openEvent(event: KeyEvent, values: ValueTransformer): KeyEvent {
  const { key, previous } = event;
  return {
    ...event,
    value: values.open(key, event.value),
    previous: previous && { ...previous, value: values.open(key, previous.value) },
  };
}
