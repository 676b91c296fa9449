import type { Machine } from '@ramet/client/sdk/machine.ts'

/** What a copy is told. */
export interface CopyJob {
  readonly machine: Machine
  readonly user: string | undefined
  readonly source: string
  readonly target: string
  readonly recursive: boolean
  /** Called with all bytes that have gone over, and how many there are; 0: not known. */
  moved(bytes: number, of: number): void
}
