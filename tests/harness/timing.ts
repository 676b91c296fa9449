import { setTimeout as delay } from 'node:timers/promises'

/** The value below which such a part of them is. */
export const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0

export async function milliseconds(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await act()
  return performance.now() - began
}

/** Does it again and again, with a pause between, and returns how long each took, in milliseconds. */
export async function times(act: () => Promise<unknown>, forMs: number, pauseMs = 0): Promise<number[]> {
  const measured: number[] = []
  const end = Date.now() + forMs
  while (Date.now() < end) {
    measured.push(await milliseconds(act))
    await delay(pauseMs)
  }
  return measured
}
