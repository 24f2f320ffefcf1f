import type { SandboxContainerSpec } from '../../crds/sandboxcontainer/definition.ts';
import type { RouteKey } from '../ingress/guest-ingress.ts';

/** The ingress route of a container; undefined for roles without one, and without a port. */
export function routeKeyOf(
  role: SandboxContainerSpec['role'],
  port: number | undefined,
): RouteKey | undefined {
  return (role === 'live' || role === 'dev') && port !== undefined ? role : undefined;
}
