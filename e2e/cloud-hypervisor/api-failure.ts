/** An error answer of the API: its status and cause chain, as the real VMM words it. */
export class ApiFailure extends Error {
  readonly statusCode: number;
  readonly causes: readonly string[];

  constructor(statusCode: number, causes: readonly string[]) {
    super(causes.join(': '));
    this.statusCode = statusCode;
    this.causes = causes;
  }
}

/** A failure within the VMM; the API puts the call's own words before it. */
export class VmFailure extends Error {
  readonly causes: readonly string[];

  constructor(...causes: string[]) {
    super(causes.join(': '));
    this.causes = causes;
  }
}

/** What a system call said, in the words of Rust's standard library. */
export function osErrorText(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    EADDRINUSE: 'Address already in use',
    EEXIST: 'File exists',
    EISDIR: 'Is a directory',
    ENOTDIR: 'Not a directory',
    ENOSPC: 'No space left on device',
  };
  const text = code === undefined ? undefined : words[code];
  return text === undefined || errno === undefined ? message : `${text} (os error ${-errno})`;
}
