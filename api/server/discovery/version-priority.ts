const KUBE_VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STAGES = ['alpha', 'beta', ''];

/**
 * Orders versions as clients prefer them: v2, v1, v1beta2, v1alpha1, then others by name.
 * Source: k8s.io/apimachinery/pkg/version/helpers.go
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [KUBE_VERSION.exec(a), KUBE_VERSION.exec(b)];
  if (first === null && second === null) return a < b ? -1 : Number(a > b);
  if (first === null || second === null) return first === null ? 1 : -1;
  const rank = ([, major, stage = '', minor = '0']: RegExpExecArray) => [
    STAGES.indexOf(stage),
    Number(major),
    Number(minor),
  ];
  const [ranks, others] = [rank(first), rank(second)];
  for (const [index, value] of ranks.entries()) {
    if (value !== others[index]) return (others[index] ?? 0) - value;
  }
  return 0;
}
