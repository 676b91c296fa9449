import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuestLink } from '../guest.ts'
import { lookAtTask } from './guest-task.ts'

const boot = '01234567-89ab-cdef-0123-456789abcdef'
const task = { name: 'setup', machine: 'box' }

/** A guest whose keeper says this. */
const says = (stdout: string, stderr = '') =>
  lookAtTask({ tool: async () => ({ code: 0, stdout, stderr }) } as unknown as GuestLink, task)

test('a task is as its keeper says', async () => {
  const sight = await says(`exited ${boot} ${boot} 3 1200\nlooked\n`, 'not there\n')
  assert.deepEqual(sight, {
    state: 'exited',
    began: boot,
    now: boot,
    exitCode: 3,
    tookMs: 1200,
    stdout: 'looked\n',
    stderr: 'not there\n',
  })
  assert.equal((await says(`absent - ${boot} 0 0\n`)).began, undefined)
})

const lies = {
  'an exit status beyond all numbers': `exited ${boot} ${boot} ${'9'.repeat(400)} 1\n`,
  'an exit status that no process has': `exited ${boot} ${boot} 256 1\n`,
  'a time beyond all numbers': `exited ${boot} ${boot} 0 ${'9'.repeat(400)}\n`,
  'a boot id that is none': `exited ../../etc ${boot} 0 1\n`,
  'another boot id that is none': `running ${boot} \x1b[2J 0 1\n`,
  'a state that is none': `done ${boot} ${boot} 0 1\n`,
  'no line': `exited ${boot} ${boot} 0 1`,
}
for (const [what, stdout] of Object.entries(lies)) {
  test(`a guest that says ${what} is not believed`, async () => {
    await assert.rejects(says(stdout, 'why \x1b[2J'), { code: 'machine_unreachable', message: /\^\[\[2J/ })
  })
}

test('of output without end the beginning is kept', async () => {
  const { stdout, stderr } = await says(`exited ${boot} ${boot} 0 1\n${'x'.repeat(1e6)}`, 'y'.repeat(1e6))
  assert.ok(stdout.length <= 70_000 && stderr.length <= 70_000)
})
