/** The disk has no room for a volume. `message` names the path, what it needs and what is free. */
export class DiskFullError extends Error {
  readonly path: string;
  readonly neededBytes: number;
  readonly freeBytes: number;

  constructor(options: { path: string; neededBytes: number; freeBytes: number; cause?: unknown }) {
    const { path, neededBytes, freeBytes, cause } = options;
    super(
      `no room for ${path}: ${neededBytes} bytes needed, ${freeBytes} bytes free; ` +
        'free space on that file system, or ask for less in spec.dataVolume.size',
      { cause },
    );
    this.name = 'DiskFullError';
    this.path = path;
    this.neededBytes = neededBytes;
    this.freeBytes = freeBytes;
  }
}
