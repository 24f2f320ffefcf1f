import { relative } from 'node:path';
import type { HoltConfig } from '../lib/config.ts';
import { statePaths } from '../lib/config.ts';

/** What a newcomer reads when everything is ready. */
export function summary(
  config: HoltConfig,
  loginUrls: Readonly<Record<string, string>>,
  cwd: string,
): string {
  const kubeconfig = relative(cwd, statePaths(config.stateDir).kubeconfig);
  const router = `http://127.0.0.1:${config.ports.router}`;
  const users = Object.keys(loginUrls);
  const first = users[0] ?? 'alice';
  const logins = users.map((user) => `    ${user.padEnd(8)} ${loginUrls[user]}`);
  return [
    '',
    'Holt is ready.',
    '',
    `  Router      ${router}   ( / is your live container, /dev/ is dev )`,
    `  Kubeconfig  ${kubeconfig}`,
    '',
    '  Sign in with a browser (links hold a session token; good for 12 hours):',
    ...logins,
    '',
    '  Or with curl:',
    `    curl -b "$(npx holt session create ${first} --output cookie)" ${router}/whoami`,
    `    curl -b "$(npx holt session create ${first} --output cookie)" ${router}/dev/whoami`,
    '',
    '  What to try next:',
    `    export KUBECONFIG=${kubeconfig}`,
    '    kubectl get uservms,sandboxcontainers          # or: npx holt get uservms',
    `    kubectl describe uservm ${first}`,
    `    npx holt logs ${first}-live`,
    `    npx holt exec ${first}-dev -- node --version`,
    `    npx holt recycle ${first} && kubectl get uservm ${first} -w`,
    '    npm run status                                 # each part, its version and health',
    '    npm run down                                   # stops everything, keeps the state',
    '',
  ].join('\n');
}
