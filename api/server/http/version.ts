/**
 * The answer to `/version`. `major` and `minor` say which Kubernetes API the conventions follow: kubectl compares
 * them with its own version and warns where they are far apart.
 */
export const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0+holt',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch}`,
} as const;
