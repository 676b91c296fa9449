import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { BoundedReader } from './manifest-reader.ts'
import { ReaderProcess } from './reader-process.ts'

const ann = { id: 'a', name: 'ann' }
const bytes = 4 * 1024 * 1024 - 1000

const hostile: [what: string, text: string][] = [
  ['98 KB of opening brackets', '['.repeat(98_000)],
  ['98 KB of empty lists', '[]'.repeat(49_000)],
  ['4 MiB of brackets', '['.repeat(bytes)],
  ['a block scalar of 4 MiB of empty lines', `a: |\n${'\n'.repeat(bytes - 10)}`],
  ['a block scalar of 4 MiB of short lines', `a: |\n${'  x\n'.repeat(bytes / 4 - 10)}`],
  ['a folded scalar of 4 MiB of short lines', `a: >\n${'  x\n'.repeat(bytes / 4 - 10)}`],
  ['a quoted scalar of 4 MiB of line ends', `a: "${'\n'.repeat(bytes - 10)}"`],
  ['4 MiB of comments', '#\n'.repeat(bytes / 2)],
  ['4 MiB of colons', ': '.repeat(bytes / 2)],
  ['4 MiB of question marks', '? '.repeat(bytes / 2)],
  ['lists in lists on one line', '- '.repeat(50_000)],
  ['ever deeper maps', Array.from({ length: 2000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['60,000 fields', Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join('\n')],
  ['60,000 anchors', Array.from({ length: 33_000 }, (_, at) => `- &a${at} x`).join('\n')],
]

/** The longest time for which this process did nothing else. */
async function longestPause(work: Promise<unknown>): Promise<number> {
  let longest = 0
  let isOver = false
  void work.finally(() => {
    isOver = true
  })
  while (!isOver) {
    const began = performance.now()
    await delay(5)
    longest = Math.max(longest, performance.now() - began)
  }
  return longest
}

test('whatever a manifest does to its reader, the server goes on and the reader answers in bounded time', {
  timeout: 120_000,
}, async (t) => {
  using reader = new BoundedReader({ withinMs: 5000 })
  assert.deepEqual((await reader.problems(ann, 'kind: pod', 'm.yaml', {})).map(({ where }) => where?.split(':')[0]).slice(0, 1), [
    'm.yaml',
  ])
  for (const [what, text] of hostile) {
    await t.test(what, async () => {
      const began = performance.now()
      const read = reader.problems(ann, text, 'm.yaml', {}).catch((error: unknown) => {
        assert.ok(error instanceof RametError, String(error))
        return [{ code: error.code }]
      })
      const pause = await longestPause(read)
      const problems = await read
      assert.ok(problems.length > 0, 'it is no manifest')
      assert.ok(performance.now() - began < 15_000, `${performance.now() - began} ms`)
      assert.ok(pause < 500, `the server stood still for ${pause} ms`)
      t.diagnostic(`${what}: ${Math.round(performance.now() - began)} ms, ${problems[0]?.code}`)
    })
  }
})

test('the reader has no privileges, and can neither write nor start anything', { timeout: 60_000 }, async () => {
  const reading = await ReaderProcess.start()
  try {
    const status = await readFile(`/proc/${reading.pid}/status`, 'utf8')
    if (process.getuid?.() === 0) assert.match(status, /^Uid:\s+65534\s+65534\s+65534\s+65534$/m)
    assert.match(status, /^CapEff:\s+0+$/m)
    assert.match(status, /^CapPrm:\s+0+$/m)
    assert.equal(await readFile(`/proc/${reading.pid}/environ`, 'utf8'), '')
    const limits = await readFile(`/proc/${reading.pid}/limits`, 'utf8')
    assert.match(limits, /^Max file size\s+0\s+0/m)
    assert.match(limits, /^Max cpu time\s+600\s+600/m)
    const command = (await readFile(`/proc/${reading.pid}/cmdline`, 'utf8')).split('\0')
    assert.ok(command.includes('--permission'))
  } finally {
    reading.end()
  }
})
