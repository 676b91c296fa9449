import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmEnd } from '../vmm/vmm.ts'
import { untilBooted, whatItDoes } from './await-boot.ts'
import { BootWatch, newer, whyNotBooted } from './boot-watch.ts'
import type { LiveMachine } from './live-run.ts'

const soon = () => AbortSignal.timeout(10_000)
const cannot = 'ramet: this machine cannot boot: there is no root drive\n'
const shell = 'ramet: here is a shell; exit switches the machine off\n'

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A machine of the test's own making. */
function machine() {
  const resets = new Set<() => void>()
  const links = new Set<(isReady: boolean) => void>()
  const ended = Promise.withResolvers<VmEnd>()
  const told: string[] = []
  const state = { printed: '', isReady: false }
  const vm = {
    printed: async () => state.printed,
    onReset(listener: () => void) {
      resets.add(listener)
      return () => resets.delete(listener)
    },
    ended: ended.promise,
  }
  const link = {
    get isReady() {
      return state.isReady
    },
    onChange(listener: (isReady: boolean) => void) {
      links.add(listener)
      return () => links.delete(listener)
    },
    ready: (signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        if (state.isReady) resolve()
        links.add((isReady) => isReady && resolve())
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      }),
  }
  const boot = new BootWatch(vm, link, (failure) => told.push(whyNotBooted(failure)))
  return {
    live: { name: 'one', vm, link, boot } as unknown as LiveMachine,
    ...{ boot, told, state },
    end: (end: VmEnd) => ended.resolve(end),
    reset: () => resets.forEach((listener) => void listener()),
    answer() {
      state.isReady = true
      for (const listener of links) listener(true)
    },
  }
}

test('a machine that answers has booted, whatever it printed', async () => {
  const one = machine()
  one.boot.begin()
  one.answer()
  one.state.printed = cannot
  assert.equal(await untilBooted(one.live, soon()), undefined)
  assert.deepEqual(one.told, [])
})

test('a boot that cannot go on fails within seconds, with the reason, and one that stands at a shell stays on', async () => {
  const [going, staying] = [machine(), machine()]
  going.state.printed = cannot
  staying.state.printed = cannot + shell
  for (const each of [going, staying]) each.boot.begin()
  await assert.rejects(untilBooted(going.live, soon()), {
    code: 'boot_failed',
    message: /one cannot boot: there is no root drive\./,
  })
  assert.equal((await untilBooted(staying.live, soon()))?.hasShell, true)
  assert.match(staying.told.join(), /^it cannot boot: there is no root drive\. .*machine console/)
})

test('one that went off is told with what it said last, and without that as before', async () => {
  const [spoke, silent] = [machine(), machine()]
  spoke.state.printed = cannot
  for (const each of [spoke, silent]) each.end('powered-off')
  await assert.rejects(untilBooted(spoke.live, soon()), { code: 'boot_failed' })
  await assert.rejects(untilBooted(silent.live, soon()), {
    code: 'machine_unreachable',
    message: /it powered off before it answered/,
  })
})

test('one that fell silent is told with what it did since and its last line, which controls no terminal', async () => {
  const one = machine()
  one.state.printed = 'Loading…\r\n\u001b[32mWelcome\u001b[0m to \u001b]0;pwned\u0007Debian\r\n\r\n'
  one.boot.begin()
  await until(() => one.boot.lastLine !== '')
  assert.equal(one.boot.lastLine, 'Welcome to ^[]0;pwned^GDebian')
  assert.equal(
    whatItDoes(one.boot.lastLine, 3, 243.04),
    ` Since then it has used 240.0 s of processor time. Its last line: ${one.boot.lastLine}`,
  )
  assert.equal(whatItDoes('', 3, undefined), ' It has printed nothing.')
  one.boot.close()
})

test('what a former boot printed says nothing of the one after the reset', async () => {
  const one = machine()
  one.state.printed = `ramet: boot 1\n[    1.0] Kernel panic - not syncing: no init\n`
  one.boot.begin()
  assert.match((await one.boot.failed(soon())).reason, /no init/)
  one.reset()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(one.boot.failure, undefined)
  one.state.printed += '[    0.5] Kernel panic - not syncing: again\n'
  assert.match((await one.boot.failed(soon())).reason, /again/)
  one.boot.close()
})

test('the newer part of a line’s end is found though its beginning was cut off', () => {
  const before = `${'a'.repeat(300)}end of before`
  assert.equal(newer(`${before.slice(50)} and more`, before), ' and more')
  assert.equal(newer('all of it is new', before), 'all of it is new')
  assert.equal(newer('first', ''), 'first')
})
