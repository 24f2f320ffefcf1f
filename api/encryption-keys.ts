import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '../lib/logger.ts';
import { type EncryptionKey, parseEncryptionKeys } from './storage/encryption/value-transformer.ts';

/** How often the file is looked at. */
const LOOK_MS = 1_000;

export interface EncryptionKeyFile {
  keys(): readonly EncryptionKey[];
  /** Calls back once the file holds other keys that can be used; returns the way to stop. */
  onChange(changed: () => void): () => void;
}

/**
 * The keys of a file, read anew when it changes. One that cannot be used changes nothing: it is logged, and the keys
 * before it hold on.
 * @throws Error for a file that cannot be used at the start
 */
export function openEncryptionKeys(file: string, logger: Logger): EncryptionKeyFile {
  let keys = parseEncryptionKeys(readFileSync(file, 'utf8'));
  return {
    keys: () => keys,
    onChange: (changed) => {
      const look = () => {
        try {
          keys = parseEncryptionKeys(readFileSync(file, 'utf8'));
        } catch (error) {
          logger.error(
            { file, reason: String(error) },
            'cannot use the encryption keys; the ones before hold',
          );
          return;
        }
        logger.info({ file, ids: keys.map(({ id }) => id) }, 'encryption keys read anew');
        changed();
      };
      watchFile(file, { interval: LOOK_MS, persistent: false }, look);
      return () => unwatchFile(file, look);
    },
  };
}
