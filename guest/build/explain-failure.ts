/** What a program's words mean, and what to do about it. First match wins. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|No space left on device/i, 'the disk is full: make room there or name another --out and --cache'],
  [
    /Could not resolve|Could not connect|Unable to connect|Connection (refused|timed out|failed)|Network is unreachable/i,
    'the Debian mirror of /etc/apt cannot be reached: check the network (and the proxy settings of apt)',
  ],
  [
    /Unable to locate package/i,
    'apt does not know a package: run apt-get update and check the Debian 12 entries of /etc/apt',
  ],
  [
    /404 +Not Found/,
    'the mirror no longer has what the package lists name: run apt-get update and try again',
  ],
];

/** One text for the terminal: the likely cause first, then what the program said. */
export function explainFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const cause = CAUSES.find(([pattern]) => pattern.test(text))?.[1];
  return cause === undefined ? text : `${cause}\n${text}`;
}
