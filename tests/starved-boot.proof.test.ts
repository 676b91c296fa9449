import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const boots = 8
/** In which the kernel gets to its timers, a dozen milliseconds at a time. */
const starvedMs = 9000
/** Longer than the 100 ms for which Linux counts (calibrate_APIC_clock). */
const stopMs = 115

const server = new TestServer()
before(() => server.start())
after(() => server.dispose())

/** As a host with too much to do: the VM's processor stands still nearly all the time. */
async function starve(pid: number): Promise<void> {
  const end = performance.now() + starvedMs
  while (performance.now() < end) {
    process.kill(pid, 'SIGSTOP')
    await delay(stopMs)
    process.kill(pid, 'SIGCONT')
    await delay(3 + 14 * Math.random())
  }
}

test('a machine whose kernel got no processor while it measured its timer boots again, and comes up', async (t) => {
  const { plays } = await server.client()
  let again = 0
  for (let boot = 0; boot < boots; boot += 1) {
    const { id } = await plays.start({ playground: 'debian', cold: true })
    const pid = await until('the VM', async () => (await vmProcesses(server.home, id))[0], 60_000, 5)
    await starve(pid)
    await server.reached(id, 'RUNNING', 120_000)
    const machine = join(server.home, 'runs', id, 'machines', '0')
    const logs = (await readdir(machine)).filter((name) => name.startsWith('console-'))
    const printed = await Promise.all(logs.map((name) => readFile(join(machine, name), 'latin1')))
    again += printed.join('').split('boots again').length - 1
    await server.ok('playground', 'destroy', '-q', id)
  }
  t.diagnostic(`${again} of ${boots} boots met the fault`)
  assert.ok(again > 0, 'no boot met the fault: nothing was shown')
})
