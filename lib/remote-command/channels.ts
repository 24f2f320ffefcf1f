/*
 * Kubernetes' WebSocket protocols for exec, attach and port-forward: each message begins with a byte that names its
 * channel. Source: k8s.io/apimachinery/pkg/util/remotecommand, k8s.io/kubelet/pkg/cri/streaming/portforward.
 */

/** Channels of a command; `close` (v5 alone) ends the channel that its one byte names. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Best first. They differ in `close`. */
export const COMMAND_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** Port n of the request has channel 2n for its bytes and 2n + 1 for an error text. */
export const PORT_FORWARD_PROTOCOL = 'v4.channel.k8s.io';

/** The ports that one connection may forward. */
export const FORWARDED_PORTS_MAX = 32;

/** A message for a channel. */
export function channelMessage(channel: number, data: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(data)]);
}

/** A message taken apart; undefined for an empty one. */
export function parseChannelMessage(message: Buffer): { channel: number; data: Buffer } | undefined {
  const [channel] = message;
  return channel === undefined ? undefined : { channel, data: message.subarray(1) };
}
