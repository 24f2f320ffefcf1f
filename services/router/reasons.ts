/** Why a route does not serve: states of the route itself, as the route table holds them. */
export const ROUTE_REASONS = [
  'vm-pending',
  'vm-starting',
  'vm-paused',
  'vm-standby',
  'vm-stopped',
  'vm-failed',
  'container-not-ready',
  'container-missing',
] as const;

export type RouteReason = (typeof ROUTE_REASONS)[number];

/** Why the edge itself answers instead of a sandbox: value of the response header `x-holt-reason`. */
export type EdgeReason =
  | RouteReason
  | 'no-session'
  | 'invalid-session'
  | 'expired-session'
  | 'unknown-user'
  | 'route-refused'
  | 'upstream-unreachable'
  | 'upstream-timeout'
  | 'reserved-path'
  | 'bad-request';

/** How the edge answers for a reason. */
export interface EdgeAnswer {
  readonly status: 400 | 401 | 404 | 503 | 504;
  readonly title: string;
  readonly detail: string;
  /** Seconds after which the same request may succeed by itself; undefined where waiting does not help. */
  readonly retryAfterSeconds?: number;
  /** Whether the page loads itself again: only where nobody has to do anything. */
  readonly refresh?: boolean;
}

const SIGN_IN = 'Sign in to reach your sandbox.';

/** The whole vocabulary of the edge's own answers. */
export const EDGE_ANSWERS: Readonly<Record<EdgeReason, EdgeAnswer>> = {
  'no-session': { status: 401, title: 'You are not signed in', detail: SIGN_IN },
  'invalid-session': { status: 401, title: 'This session is not valid', detail: SIGN_IN },
  'expired-session': { status: 401, title: 'Your session has ended', detail: 'Sign in again to go on.' },
  'unknown-user': {
    status: 404,
    title: 'You have no VM',
    detail: 'No UserVM is declared for your user. Ask your operator for one.',
  },
  'vm-pending': {
    status: 503,
    title: 'Your VM is waiting for a place',
    detail: 'It starts as soon as a node has room for it.',
    retryAfterSeconds: 3,
    refresh: true,
  },
  'vm-starting': {
    status: 503,
    title: 'Your VM is starting…',
    detail: 'This page goes on by itself as soon as your VM answers.',
    retryAfterSeconds: 2,
    refresh: true,
  },
  'vm-paused': {
    status: 503,
    title: 'Your VM is paused',
    detail: 'It stands still with all that is in its memory. Resume it to go on.',
    retryAfterSeconds: 15,
    refresh: true,
  },
  'vm-standby': {
    status: 503,
    title: 'Your VM sleeps',
    detail: 'Its memory is kept on disk. This page goes on by itself as soon as it is awake.',
    retryAfterSeconds: 3,
    refresh: true,
  },
  'vm-stopped': {
    status: 503,
    title: 'Your VM is stopped',
    detail: 'Its data is kept. Start the VM to go on.',
    retryAfterSeconds: 15,
    refresh: true,
  },
  'vm-failed': {
    status: 503,
    title: 'Your VM could not start',
    detail: 'Holt keeps trying. The conditions and events of your UserVM say what is wrong.',
    retryAfterSeconds: 15,
    refresh: true,
  },
  'container-not-ready': {
    status: 503,
    title: 'Your container is starting…',
    detail: 'Your VM runs; the container does not answer yet. This page goes on by itself.',
    retryAfterSeconds: 2,
    refresh: true,
  },
  'container-missing': {
    status: 503,
    title: 'Nothing is declared here',
    detail: 'Your VM runs, and no SandboxContainer is declared for this route.',
    retryAfterSeconds: 10,
    refresh: true,
  },
  'route-refused': {
    status: 503,
    title: 'This route is refused',
    detail: 'Its address is outside the VM network. Your operator finds the cause in the log of the edge.',
    retryAfterSeconds: 15,
  },
  'upstream-unreachable': {
    status: 503,
    title: 'Your VM does not answer',
    detail: 'It may just be restarting. This page tries again by itself.',
    retryAfterSeconds: 2,
    refresh: true,
  },
  'upstream-timeout': {
    status: 504,
    title: 'Your sandbox took too long',
    detail: 'It took the request and did not answer in time. The request may have been carried out.',
    retryAfterSeconds: 5,
  },
  'reserved-path': {
    status: 404,
    title: 'There is nothing here',
    detail: 'Paths below /.holt belong to Holt and never reach a sandbox.',
  },
  'bad-request': {
    status: 400,
    title: 'This request is refused',
    detail: 'Its method or headers are not allowed at the edge.',
  },
};

export const EDGE_REASONS = Object.keys(EDGE_ANSWERS) as readonly EdgeReason[];
