const firstMs = 250
const longestMs = 5000

/** How long to wait before reconnecting, after `failures` in a row; `random` (0 to 1) spreads pages that lost the server together. */
export function backoffMs(failures: number, random = Math.random()): number {
  const full = Math.min(firstMs * 2 ** Math.max(0, failures - 1), longestMs)
  return Math.round(full * (0.75 + random / 2))
}
