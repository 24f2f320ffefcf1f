import type { IEvent, IKeyValue } from 'etcd3';
import type { ValueTransformer } from '../encryption/value-transformer.ts';

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
export function toKeyEvent(event: IEvent): KeyEvent {
  const { type, kv } = event;
  // `etcd3` declares it always there; a field that was not sent is null.
  const previous: IKeyValue | null = event.prev_kv;
  return {
    type: type === 'Put' ? 'put' : 'delete',
    key: kv.key.toString(),
    value: ownBytes(kv.value),
    modRevision: Number(kv.mod_revision),
    isCreate: type === 'Put' && kv.create_revision === kv.mod_revision,
    previous:
      previous === null ? undefined : { value: previous.value, modRevision: Number(previous.mod_revision) },
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
