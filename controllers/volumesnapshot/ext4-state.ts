import type { VolumeFiles } from '../volumes/volume-files.ts';

/** The superblock begins here; all its numbers are little-endian. Source: kernel Documentation/filesystems/ext4/super.rst */
const SUPERBLOCK = { offset: 1024, length: 128 } as const;
const MAGIC_AT = 0x38;
const MAGIC = 0xef53;
const FEATURE_INCOMPAT_AT = 0x60;
/** INCOMPAT_RECOVER: the journal has to be replayed. Cleared by an unmount and by a freeze, set again after either. */
const NEEDS_RECOVERY = 0x4;

/** What a volume's own superblock says: `clean`, nothing is to be replayed; `unknown` where there is no ext4. */
export async function ext4StateOf(
  files: Pick<VolumeFiles, 'readBytes'>,
  path: string,
): Promise<'clean' | 'needs-recovery' | 'unknown'> {
  const bytes = await files.readBytes(path, SUPERBLOCK);
  if (bytes.length < SUPERBLOCK.length) return 'unknown';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(MAGIC_AT, true) !== MAGIC) return 'unknown';
  return (view.getUint32(FEATURE_INCOMPAT_AT, true) & NEEDS_RECOVERY) === 0 ? 'clean' : 'needs-recovery';
}
