/**
 * Returns a shell command (for root) that ends when all services that the image starts are up, or after so many seconds. A machine answers long before that, and
 * before systemd does: systemctl then prints `offline` and does not wait (systemctl 252). Images without systemd have nothing to wait for.
 */
export const settledCommand = (withinSeconds: number): string =>
  `[ "$(cat /proc/1/comm)" != systemd ] || timeout ${withinSeconds} sh -c 'until systemctl is-system-running --wait 2>/dev/null | grep -qxE "running|degraded|maintenance"; do sleep 0.2; done'`
