/** What is asked of a registry: how long it may take and how much it may send. */
export interface RegistryLimits {
  /** Until the head of an answer is there. */
  readonly answerMs: number
  /** Between two pieces of a body. */
  readonly idleMs: number
  /** A body must bring `paceBytes` in each `paceMs`, or it is too slow. */
  readonly paceMs: number
  readonly paceBytes: number
  readonly redirects: number
  /** Of a manifest and of an image's configuration; 4 MiB is what the specification asks registries to take at least. */
  readonly manifestBytes: number
  /** Of one layer as it is sent. */
  readonly blobBytes: number
  /** Of all layers as they are sent. */
  readonly imageBytes: number
  readonly layers: number
  /** How often a blob goes on after a break. What it brought before it broke does not count against it. */
  readonly attempts: number
  readonly retryMs: number
  readonly parallel: number
}

export const registryLimits: RegistryLimits = {
  answerMs: 30_000,
  idleMs: 30_000,
  paceMs: 60_000,
  paceBytes: 64 * 1024,
  redirects: 5,
  manifestBytes: 4 * 1024 ** 2,
  blobBytes: 20 * 1024 ** 3,
  imageBytes: 40 * 1024 ** 3,
  layers: 200,
  attempts: 5,
  retryMs: 500,
  parallel: 3,
}
