import assert from 'node:assert/strict'
import { run } from '@ramet/engine'
import { chainOptions } from '@ramet/engine/testing'

/** What is done with one drive; `chain` topmost first. */
export interface DriveCommands {
  readonly chain: readonly string[]
  readonly isReadOnly: boolean
  readonly commands: readonly string[]
}

/** Many drives in one process (5 ms, and next to nothing a command): each is opened by its explicit graph, used and closed. Any failure of any command throws. */
export async function qemuIo(drives: readonly DriveCommands[]): Promise<void> {
  if (drives.length === 0) return
  const lines = drives.flatMap(({ chain, isReadOnly, commands }) => [
    `open ${isReadOnly ? '-r ' : ''}${chainOptions(chain)}`,
    ...commands,
    'close',
  ])
  // Not on its standard input: there it cuts a line after 1023 characters, which is a chain of six layers (found by a sequence of 20,000 steps).
  const { stdout, stderr } = await run(['qemu-io', ...lines.flatMap((line) => ['-c', line])])
  assert.ok(stderr === '' && !/failed|error|usage/i.test(stdout), `${stderr}\n${stdout}\nof:\n${lines.join('\n')}`)
}

/** Places of 4 KiB blocks: neighbours in a cluster of 128 KiB, its ends, other clusters, the drive's last. */
export const blocks = [0, 1, 2, 31, 32, 33, 64, 100, 200, 255] as const
export const driveBytes = 1024 * 1024

export const writeCommand = (place: number, byte: number) =>
  byte === 0 ? `write -q -z ${blockAt(place)} 4k` : `write -q -P ${byte} ${blockAt(place)} 4k`
export const readCommand = (place: number, byte: number) => `read -q -P ${byte} ${blockAt(place)} 4k`
const blockAt = (place: number) => (blocks[place % blocks.length] ?? 0) * 4096
