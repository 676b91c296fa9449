/**
 * Returns a shell command (for root) that ends when all services that the image starts are up, or after so many seconds. A machine answers long before that, and
 * before systemd does: PID 1 may still be the initramfs, and then systemctl prints `offline` or fails and does not wait (systemctl 252). So the image is asked
 * whether it has systemd, not PID 1. Images without systemd have nothing to wait for.
 */
export const settledCommand = (withinSeconds: number): string =>
  `case "$(readlink -f /sbin/init)" in */systemd) timeout ${withinSeconds} sh -c 'until systemctl is-system-running --wait 2>/dev/null | grep -qxE "running|degraded|maintenance"; do sleep 0.2; done' ;; esac`
