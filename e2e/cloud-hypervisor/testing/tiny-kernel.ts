/**
 * A kernel of a few dozen bytes, for tests of the VMM's side: in a bzImage's real-mode part it says
 * `tiny kernel up` on the first serial port, then sleeps until the ACPI power button is pressed, and powers
 * off (ports of the Q35 chipset, as SeaBIOS lays them out). A VMM that enters bzImages in 64-bit mode finds
 * an endless halt there. Layout: Linux, Documentation/arch/x86/boot.rst.
 */
export function tinyKernel(): Buffer {
  const image = Buffer.alloc(setupBytes + protectedModeBytes);
  image.writeUInt8(1, 0x1f1); // setup_sects: one sector after the boot sector
  image.writeUInt32LE(protectedModeBytes / 16, 0x1f4); // syssize, in paragraphs
  image.writeUInt16LE(0xaa55, 0x1fe); // boot_flag
  image.writeUInt16LE(0x7eeb, 0x200); // jump from 0x200 to the code at 0x280
  image.write('HdrS', 0x202);
  image.writeUInt16LE(0x020c, 0x206); // protocol version
  image.writeUInt8(1, 0x211); // loadflags: the protected-mode part loads high
  image.writeUInt32LE(0x10_0000, 0x214); // code32_start
  image.writeUInt32LE(0x7fff_ffff, 0x22c); // initrd_addr_max
  image.writeUInt32LE(0x20_0000, 0x230); // kernel_alignment
  image.writeUInt8(1, 0x234); // relocatable_kernel
  image.writeUInt16LE(1, 0x236); // xloadflags: has a 64-bit entry
  image.writeUInt32LE(2047, 0x238); // cmdline_size
  image.writeBigUInt64LE(0x10_0000n, 0x258); // pref_address
  image.writeUInt32LE(0x1_0000, 0x260); // init_size
  realModeCode.copy(image, 0x280);
  image.write(`${tinyKernelGreeting}\r\n\0`, greetingOffset);
  halt.copy(image, setupBytes); // 32-bit entry
  halt.copy(image, setupBytes + 0x200); // 64-bit entry
  return image;
}

export const tinyKernelGreeting = 'tiny kernel up';

const setupBytes = 0x400;
const protectedModeBytes = 0x400;
const greetingOffset = 0x300;

/** cli; hlt; jump back to hlt: the same bytes in every mode. */
const halt = Buffer.from([0xfa, 0xf4, 0xeb, 0xfd]);

/** Offsets in the code segment count from the file's 0x200. */
const realModeCode = Buffer.from([
  ...[0xbe, (greetingOffset - 0x200) & 0xff, (greetingOffset - 0x200) >> 8], // mov si, greeting
  ...[0x2e, 0xac], // next: cs lodsb
  ...[0x08, 0xc0, 0x74, 0x06], // or al, al; jz enable
  ...[0xba, 0xf8, 0x03, 0xee], // mov dx, 0x3f8; out dx, al
  ...[0xeb, 0xf4], // jmp next
  ...[0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef], // enable: PM1_EN (0x602) = PWRBTN_EN
  ...[0xfb, 0xf4], // wait: sti; hlt (the timer wakes 18 times a second)
  ...[0xba, 0x00, 0x06, 0xed], // mov dx, PM1_STS (0x600); in ax, dx
  ...[0xf6, 0xc4, 0x01, 0x74, 0xf5], // test ah, PWRBTN_STS; jz wait
  ...[0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef], // PM1_CNT (0x604) = SLP_EN, S5
  ...halt,
]);
