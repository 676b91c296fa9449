import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that runs `sleep` in the background class, stops it as `standStill` does, prints its pid, and waits to be killed. */
const program = `
import { run } from ${JSON.stringify(import.meta.resolve('./run-process.ts'))}
void run(['sleep', '600'], { isBackground: true, onSpawn: (pid) => setTimeout(() => {
  process.kill(pid, 'SIGSTOP')
  process.stdout.write(pid + '\\n')
}, 300) })
`
const isThere = (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  )

test('a program in the background ends with a server that is killed, also while it stands still', async () => {
  const server = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  assert.ok(await isThere(pid))
  server.kill('SIGKILL')
  const deadline = Date.now() + 5_000
  while ((await isThere(pid)) && Date.now() < deadline) await delay(20)
  assert.equal(await isThere(pid), false, `${pid} is still there`)
})
