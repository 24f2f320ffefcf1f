import type { EtcdKv, RangeResult } from '../etcd/kv.ts';
import { prefixEnd } from '../keys.ts';
import type { ValueTransformer } from './value-transformer.ts';

const PAGE_SIZE = 200;

/** What became of the values under a prefix. */
export interface RewriteResult {
  readonly rewritten: number;
  /** Keys whose value no key opens. */
  readonly unreadable: readonly string[];
}

/**
 * Seals anew what is not sealed under the first key. A value that somebody else writes meanwhile is theirs to seal:
 * it is left alone.
 * @param raw etcd without the transformer
 * @throws StorageError
 */
export async function rewriteStale(
  raw: EtcdKv,
  prefix: string,
  values: ValueTransformer,
): Promise<RewriteResult> {
  const rangeEnd = prefixEnd(prefix);
  const unreadable: string[] = [];
  let rewritten = 0;
  let from = prefix;
  for (;;) {
    const page: RangeResult = await raw.range({ key: from, rangeEnd, limit: PAGE_SIZE });
    for (const { key, value, modRevision } of page.items) {
      from = `${key}\0`;
      const plain = values.open(key, value);
      if (!isClear(plain)) {
        unreadable.push(key);
        continue;
      }
      if (!values.isStale(key, value)) continue;
      const success = [{ put: key, value: values.seal(key, plain) }];
      if ((await raw.txn({ compare: [{ key, modRevision }], success })).succeeded) rewritten += 1;
    }
    if (!page.more) return { rewritten, unreadable };
  }
}

/** Objects are JSON. */
function isClear(value: Buffer): boolean {
  return value[0] === 0x7b;
}
