/** HAProxy log-format expressions of the access log, by the field that they become. */
const TEXT_FIELDS = {
  user: '%[var(txn.user)]',
  vm_id: '%[var(txn.vm_id)]',
  container_name: '%[var(txn.container)]',
  route: '%[var(txn.route)]',
  boot_id: '%[var(txn.boot_id)]',
  reason: '%[var(txn.reason)]',
  guest_reason: '%[var(txn.guest_reason),json(utf8s)]',
  traceparent: '%[var(txn.trace)]',
  method: '%HM',
  path: '%[var(txn.path),json(utf8s)]',
  ended: '%ts',
} as const;

/** Numbers; times in milliseconds, -1 where a step was not reached. */
const NUMBER_FIELDS = {
  status: '%ST',
  // Seconds and milliseconds of the accept date side by side: milliseconds since the epoch.
  accept_ms: '%Ts%ms',
  handshake_ms: '%Th',
  idle_ms: '%Ti',
  request_ms: '%TR',
  queue_ms: '%Tw',
  connect_ms: '%Tc',
  response_ms: '%Tr',
  total_ms: '%Ta',
  bytes_sent: '%B',
  bytes_received: '%U',
} as const;

/** One JSON object a request. `-` stands for a text that is not known. */
export const ACCESS_LOG_FORMAT = `'{${[
  ...Object.entries(TEXT_FIELDS).map(([name, expression]) => `"${name}":"${expression}"`),
  ...Object.entries(NUMBER_FIELDS).map(([name, expression]) => `"${name}":${expression}`),
].join(',')}}'`;
