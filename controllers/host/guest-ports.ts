/** Vsock ports of the guest image. */
export const GUEST_PORTS = { podman: 1024, ingress: 1025, probe: 1026, info: 1027, forward: 1029 } as const;
