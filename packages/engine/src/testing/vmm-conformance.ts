import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Vm, VmEnd, Vmm, VmSpec } from '../vmm/vmm.ts'
import { snapshotConformance } from './snapshot-conformance.ts'
import type { ConformanceTools } from './vmm-conformance-tools.ts'

/** A zombie is gone too: whoever started it has not looked yet. */
const isGone = (pid: number) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return true
  }
}

/** What every Vmm must do. Called once an implementation, from that implementation's own test file. `skip`: reasons by title. */
export function vmmConformance(make: () => Promise<ConformanceTools>, skip: Readonly<Record<string, string>> = {}): void {
  /** Most tests begin with a guest that has booted, and need no boot of their own for that. */
  const it = (title: string, body: (tools: ConformanceTools, spec: VmSpec) => Promise<void>, { boots = false } = {}) =>
    test(title, { skip: skip[title] ?? false }, async () => {
      const made = await make()
      const held: Vm[] = []
      const hold = <T>(vm: T | Vm): T | Vm => {
        if (vm && typeof vm === 'object' && 'release' in vm) held.push(vm)
        return vm
      }
      const { vmm } = made
      const recorded: Vmm = {
        name: vmm.name,
        accelerator: vmm.accelerator,
        capabilities: vmm.capabilities,
        overheadMiB: vmm.overheadMiB,
        consoleLogs: (identity) => vmm.consoleLogs(identity),
        start: async (spec) => hold(await vmm.start(spec)) as Vm,
        find: async (identity) => hold(await vmm.find(identity)) as Awaited<ReturnType<Vmm['find']>>,
      }
      const tools = { ...made, vmm: recorded }
      const spec = await (boots ? tools.makeSpec() : (tools.makeSettledSpec ?? tools.makeSpec)())
      try {
        await body(tools, spec)
      } finally {
        // A control socket takes one connection at a time.
        for (const vm of held) vm.release()
        const left = await vmm.find(spec).catch(() => undefined)
        if (left && !('end' in left)) {
          await left.kill()
          left.release()
        }
        await tools.dispose(spec)
      }
    })
  const within = async <T>({ timeoutMs }: ConformanceTools, what: string, promise: Promise<T>): Promise<T> => {
    const timer = new AbortController()
    const late = delay(timeoutMs, undefined, { signal: timer.signal }).then(() =>
      assert.fail(`waited ${timeoutMs} ms in vain for ${what}`),
    )
    late.catch(() => {})
    return Promise.race([promise, late]).finally(() => timer.abort())
  }
  const until = async (tools: ConformanceTools, what: string, look: () => Promise<boolean>) => {
    const deadline = Date.now() + tools.timeoutMs
    while (!(await look())) {
      if (Date.now() > deadline) assert.fail(`waited ${tools.timeoutMs} ms in vain for ${what}`)
      await delay(50)
    }
  }
  const up = async (tools: ConformanceTools, spec: VmSpec) => {
    const vm = await tools.vmm.start(spec)
    if (spec.resume) await vm.goOn()
    await within(tools, 'the guest to be up', tools.untilUp(vm, spec))
    return vm
  }
  const obedient = async (tools: ConformanceTools, spec: VmSpec) => {
    const vm = await up(tools, spec)
    await within(tools, 'the guest to take orders', tools.untilObedient(vm, spec))
    return vm
  }
  const newestLog = async ({ vmm }: ConformanceTools, spec: VmSpec) => (await (await vmm.consoleLogs(spec)).at(-1)?.read()) ?? ''
  const endOf = async ({ vmm }: ConformanceTools, spec: VmSpec): Promise<VmEnd> => {
    const found = await vmm.find(spec)
    assert.ok(found && 'end' in found, 'it is found to have ended')
    return found.end
  }
  const foundAlive = async ({ vmm }: ConformanceTools, spec: VmSpec): Promise<Vm> => {
    const found = await vmm.find(spec)
    assert.ok(found && !('end' in found), 'it is found alive')
    return found
  }

  it('knows nothing of a VM that was never started', async ({ vmm }, spec) => {
    assert.equal(await vmm.find(spec), undefined)
    assert.deepEqual(await vmm.consoleLogs(spec), [])
  })

  it(
    'boots, and keeps what the guest prints on its console',
    async (tools, spec) => {
      const vm = await up(tools, spec)
      assert.equal(isGone(vm.pid), false)
      await tools.tell(vm, spec, 'echo printed-by-the-guest')
      await until(tools, 'the guest’s words in the console log', async () =>
        (await newestLog(tools, spec)).includes('printed-by-the-guest'),
      )
    },
    { boots: true },
  )

  it('shuts the guest down by its power button and calls that powered off', async (tools, spec) => {
    const vm = await obedient(tools, spec)
    await vm.pressPowerButton()
    assert.equal(await within(tools, 'its end', vm.ended), 'powered-off')
    assert.ok(isGone(vm.pid))
    assert.equal(await endOf(tools, spec), 'powered-off')
  })

  it('notices a power-off from inside', async (tools, spec) => {
    const vm = await obedient(tools, spec)
    await tools.tell(vm, spec, 'poweroff')
    assert.equal(await within(tools, 'its end', vm.ended), 'powered-off')
    assert.ok(isGone(vm.pid))
  })

  it('tells afterwards that the guest powered off while nobody looked, each time it is asked', async (tools, spec) => {
    const vm = await obedient(tools, spec)
    await tools.tell(vm, spec, 'poweroff')
    vm.release()
    // A guest that was resumed has no log before it prints something: here the order's echo, which may take a while.
    await until(tools, 'the guest to say that it powers off', async () =>
      /power(ing)?[ -]?(off|down)/i.test((await (await tools.vmm.consoleLogs(spec)).at(-1)?.read()) ?? ''),
    )
    await until(tools, 'it to be found powered off', async () => {
      const found = await tools.vmm.find(spec)
      if (found && 'end' in found) return found.end === 'powered-off'
      found?.release()
      return false
    })
    assert.ok(isGone(vm.pid))
    assert.equal(await endOf(tools, spec), 'powered-off')
  })

  it('notices a reboot from inside, goes on in the same process, and begins another console log', async (tools, spec) => {
    const vm = await obedient(tools, spec)
    // A guest that was resumed and has printed nothing has no log yet; the order's echo is in its first.
    const logs = Math.max(1, (await tools.vmm.consoleLogs(spec)).length)
    const reset = Promise.withResolvers<void>()
    vm.onReset(() => reset.resolve())
    await tools.tell(vm, spec, 'reboot')
    await within(tools, 'the reset', reset.promise)
    await within(tools, 'the guest to be up again', tools.untilUp(vm, spec))
    assert.equal(isGone(vm.pid), false)
    assert.equal((await tools.vmm.consoleLogs(spec)).length, logs + 1)
  })

  it('is gone when kill resolves, and calls that killed', async (tools, spec) => {
    const vm = await tools.vmm.start(spec)
    await vm.kill()
    assert.ok(isGone(vm.pid))
    assert.equal(await within(tools, 'its end', vm.ended), 'killed')
    assert.equal(await endOf(tools, spec), 'killed')
  })

  it('notices that its process was ended from outside while nobody looked', async (tools, spec) => {
    const vm = await tools.vmm.start(spec)
    vm.release()
    process.kill(vm.pid, 'SIGKILL')
    await until(tools, 'the process to be gone', async () => isGone(vm.pid))
    assert.equal(await endOf(tools, spec), 'killed')
  })

  it('notices a crash', async (tools, spec) => {
    const vm = await up(tools, spec)
    await tools.tell(vm, spec, 'crash')
    assert.equal(await within(tools, 'its end', vm.ended), 'crashed')
  })

  it('can be started again after its end', async (tools, spec) => {
    const first = await tools.vmm.start(spec)
    await first.kill()
    const second = await up(tools, spec)
    assert.notEqual(second.pid, first.pid)
  })

  it('is the same VM to whoever finds it after a release', async (tools, spec) => {
    const vm = await obedient(tools, spec)
    vm.release()
    const found = await foundAlive(tools, spec)
    assert.equal(found.pid, vm.pid)
    await found.pressPowerButton()
    assert.equal(await within(tools, 'its end', found.ended), 'powered-off')
  })

  it('outlives a SIGKILL of the process that started it, and is found again', async (tools, spec) => {
    const { module, export: name } = tools.starter
    const script = `const m = await import(${JSON.stringify(module)}); const vm = await m[${JSON.stringify(name)}](${JSON.stringify(spec)}); console.log(vm.pid); setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = await within(tools, 'the start', once(starter.stdout, 'data'))
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    const found = await foundAlive(tools, spec)
    assert.equal(found.pid, Number(String(pid)))
    if (spec.resume) await found.goOn()
    await within(tools, 'the guest to be up', tools.untilUp(found, spec))
  })

  it('adds a layer to a drive of a running VM', async (tools, spec) => {
    if (!tools.vmm.capabilities.has('add-layer')) return
    const vm = await up(tools, spec)
    await vm.addLayer(0, await tools.makeOverlay(spec, 0))
    await tools.tell(vm, spec, 'echo still-here')
    await until(tools, 'the guest to go on', async () => (await newestLog(tools, spec)).includes('still-here'))
  })

  snapshotConformance({
    it,
    up,
    foundAlive,
    hears: (tools, spec, words) =>
      until(tools, `${words} in the console log`, async () => (await newestLog(tools, spec)).includes(words)),
    upAgain: (tools, vm, spec) => within(tools, 'the guest to be up again', tools.untilUp(vm, spec)),
  })
}
