import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { testFolder } from '../../scripts/testing/test-folders.ts'
import { createPlayground, debianMachine } from '../harness/create-playground.ts'
import { inMachine } from '../harness/in-machine.ts'
import { finish, until } from '../harness/processes.ts'
import type { TestServer } from '../harness/server.ts'

/** What `counter.c` keeps in its page, in this order after a mark of 16 bytes. */
const names = ['begun', 'synced', 'acknowledged', 'got', 'passes'] as const
export type Counts = Record<(typeof names)[number], number>
export const markBytes = 16

export const countsOf = (page: Buffer, at = 0): Counts =>
  Object.fromEntries(names.map((name, index) => [name, Number(page.readBigUInt64LE(at + markBytes + index * 8))])) as Counts

/** On one network: `writer` has the drive that is written to, `holder` the memory. Two CPUs each. */
export function createCountingPlayground(server: TestServer): Promise<string> {
  return createPlayground(server, {
    name: 'counting',
    title: 'Counting',
    networks: [{ name: 'lan', subnet: '10.11.0.0/24' }],
    machines: ['writer', 'holder'].map((machine) =>
      debianMachine(machine, {
        network: { interfaces: [{ network: 'lan' }] },
        resources: { cpuCount: 2, ramSize: '512MiB' },
      }),
    ),
  })
}

/** Compiles the program, brings it into both machines and starts it. */
export async function startCounting(server: TestServer, run: string, heldMiB: number): Promise<void> {
  const folder = testFolder('counter')
  try {
    const program = join(folder, 'counter')
    const source = join(import.meta.dirname, 'counter.c')
    const built = await finish(['musl-gcc', '-Os', '-static', '-s', '-Wall', '-Wextra', '-o', program, source])
    assert.equal(built.code, 0, built.stderr)
    const stdin = await readFile(program)
    const begin = async (machine: string, words: string) => {
      const put = await server.ramet(['ssh', run, '-m', machine, '--', 'cat > /usr/local/bin/counter'], { stdin })
      assert.equal(put.code, 0, put.stderr)
      await inMachine(
        server,
        run,
        machine,
        `chmod +x /usr/local/bin/counter; sync; setsid nohup counter ${words} > /dev/null 2>&1 < /dev/null &`,
      )
    }
    await begin('holder', `hold ${heldMiB} 7001`)
    await until('the holder to listen', () => inMachine(server, run, 'holder', 'ss -Hltn sport = 7001'))
    await begin('writer', 'write /root/numbers holder 7001')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const look = `cat /dev/shm/broken 2> /dev/null && exit 1; od -An -v -t x1 /dev/shm/counts | tr -d ' \\n'`

/** What both machines' pages have now. Throws with what a program found broken. */
export async function countsNow(server: TestServer, run: string): Promise<{ readonly writer: Counts; readonly holder: Counts }> {
  const read = async (machine: string) => countsOf(Buffer.from(await inMachine(server, run, machine, look), 'hex'))
  return { writer: await read('writer'), holder: await read('holder') }
}

/** The connection, the file and the memory go on: each of them was gone round and found whole by the program since it was called. */
export async function countingGoesOn(server: TestServer, run: string): Promise<void> {
  const before = await countsNow(server, run)
  await until(
    'all to go on',
    async () => {
      const now = await countsNow(server, run)
      return (
        now.holder.got > before.holder.got + 10 &&
        now.writer.acknowledged > before.writer.acknowledged + 10 &&
        // The pass under way was begun before.
        now.holder.passes > before.holder.passes + 1
      )
    },
    120_000,
    500,
  )
}
