const blockBytes = 512;

/**
 * A ustar archive that holds empty directories only, owned by root with mode 0755 (POSIX.1-1988, `man 5 tar`).
 * @param names relative, without a slash, at most 99 bytes
 * @throws RangeError for any other name
 */
export function tarDirectories(names: readonly string[]): Buffer {
  return Buffer.concat([...names.map(directoryHeader), Buffer.alloc(2 * blockBytes)]);
}

function directoryHeader(name: string): Buffer {
  if (name === '' || name.startsWith('.') || name.includes('/') || Buffer.byteLength(name) > 99)
    throw new RangeError(`not a directory name: ${JSON.stringify(name)}`);
  const header = Buffer.alloc(blockBytes);
  header.write(`${name}/`, 0, 'utf8');
  header.write('0000755\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write('00000000000\0', 124);
  header.write('00000000000\0', 136);
  // The checksum is counted with its own field as blanks.
  header.write('        ', 148);
  header.write('5', 156);
  header.write('ustar\x0000', 257);
  let checksum = 0;
  for (const byte of header) checksum += byte;
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
