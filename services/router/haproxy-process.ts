import type { HoltConfig } from '../../lib/config.ts';
import { routerPaths } from './router-paths.ts';

/**
 * How a supervisor runs HAProxy: in the foreground, one process, a new one after each end. Before its start there
 * must be the files of `ensureHaproxyFiles` and the network namespace `config.netns`.
 */
export function haproxyArgv(config: HoltConfig): readonly string[] {
  return [config.haproxyBinary, '-db', '-f', routerPaths(config).haproxyConfig];
}
