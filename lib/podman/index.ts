export { type AttachSession, attachToContainer } from './attach.ts';
export type {
  PodmanContainer,
  PodmanContainerState,
  PodmanInspect,
  PodmanStats,
} from './container-schemas.ts';
export {
  type CallOptions,
  containerStats,
  createContainer,
  inspectContainer,
  killContainer,
  listContainers,
  pingPodman,
  removeContainer,
  startContainer,
  stopContainer,
  waitForExit,
} from './containers.ts';
export type { ContainerCreate } from './create-request.ts';
export { type DataDirectories, ensureDataDirectories } from './data-directories.ts';
export { type ExecOptions, type ExecSession, execInContainer, type TerminalSize } from './exec.ts';
export { imageExists, pullImage } from './images.ts';
export { type LogOptions, openLogs, readLogs } from './logs.ts';
export { demultiplex, type OutputChunk } from './multiplexed-stream.ts';
export { isPodmanNameTaken, isPodmanNotFound, isPodmanPathMissing, PodmanError } from './podman-error.ts';
