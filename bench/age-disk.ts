import { spawn } from 'node:child_process'
import { once } from 'node:events'

const MiB = 1024 ** 2
const block = 4096

/** What a disk has been through when it is called aged. */
export const aged = { writtenMiB: 600, rewrites: 20_000 } as const

/**
 * Writes to a disk that no VM has open, by qemu-io: first in one go, then 4 KiB blocks all over its virtual size. Deterministic, so that every disk of a size gets the same.
 * A qcow2 file that names no backing file is written as it is, its content below notwithstanding: only whole subclusters are touched.
 */
export async function ageDisk(file: string, format: string, sizeBytes: number): Promise<void> {
  const child = spawn('qemu-io', ['-f', format, '-t', 'writeback', file], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  // What fails is said on stdout, between its prompts.
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-2000)
    })
  const ended = once(child, 'close')
  const lines = [
    `write -q -P 1 ${100 * MiB} ${aged.writtenMiB / 2}M`,
    `write -q -P 2 ${(100 + aged.writtenMiB / 2) * MiB} ${aged.writtenMiB / 2}M`,
  ]
  let seed = 12345
  for (let at = 0; at < aged.rewrites; at += 1) {
    // A linear congruential generator (Numerical Recipes' constants).
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    const place = Math.floor((seed / 2 ** 32) * (sizeBytes / block)) * block
    lines.push(`write -q -P ${at % 250} ${place} ${block}`)
  }
  child.stdin.end(`${lines.join('\n')}\nflush\nquit\n`)
  const [code] = await ended
  if (code !== 0 || /failed|error/i.test(said)) throw new Error(`qemu-io on ${file}: exit ${code}: ${said}`)
}
