/**
 * A shell command for a guest, as root: ends when all that its image starts by itself is up, or after so many seconds. A machine answers long before that, and
 * before there is anything that systemctl could ask: it says `offline` then, and does not wait (systemctl 252). Images without systemd have nothing to wait for.
 */
export const settledCommand = (withinSeconds: number): string =>
  `[ "$(cat /proc/1/comm)" != systemd ] || timeout ${withinSeconds} sh -c 'until systemctl is-system-running --wait 2>/dev/null | grep -qxE "running|degraded|maintenance"; do sleep 0.2; done'`
