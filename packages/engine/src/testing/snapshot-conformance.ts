import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CutPhase, cut } from '../snapshot/take.ts'
import type { Vm, VmDrive, VmMemory, VmSpec } from '../vmm/vmm.ts'
import type { ConformanceTools } from './vmm-conformance-tools.ts'

/** Of the suite that this is a part of. */
interface Suite {
  it(title: string, body: (tools: ConformanceTools, spec: VmSpec) => Promise<void>, options?: { boots: boolean }): void
  up(tools: ConformanceTools, spec: VmSpec): Promise<Vm>
  upAgain(tools: ConformanceTools, vm: Vm, spec: VmSpec): Promise<void>
  foundAlive(tools: ConformanceTools, spec: VmSpec): Promise<Vm>
  /** Resolves when the words are in the newest console log. */
  hears(tools: ConformanceTools, spec: VmSpec, words: string): Promise<void>
}

const memoryIn = ({ folder }: VmSpec, name: string): VmMemory => ({
  ramFile: join(folder, `${name}.ram`),
  stateFile: join(folder, `${name}.state`),
})

const filesOf = ({ source }: VmDrive) => (source.kind === 'raw-file' ? [source.file] : source.files)

/** What a Vmm with the capabilities `snapshot` and `resume` must do. */
export function snapshotConformance({ it, up, upAgain, foundAlive, hears }: Suite): void {
  const able = (tools: ConformanceTools) => tools.vmm.capabilities.has('snapshot') && tools.vmm.capabilities.has('resume')

  /** Takes a snapshot of a running VM, which goes on. Gives the spec that resumes it: on the drive as it was, under a new overlay. */
  const snapshotOf = async (tools: ConformanceTools, vm: Vm, spec: VmSpec, name: string): Promise<VmSpec> => {
    const memory = memoryIn(spec, name)
    const atCut = { driveIndex: 0, file: await tools.makeOverlay(spec, 0) }
    await cut([{ name: spec.machine, vm, memory, overlays: [atCut] }], { afterwards: 'go-on' })
    assert.equal((await vm.overlayFiles())[0], atCut.file)
    const [drive, ...others] = spec.drives as [VmDrive, ...VmDrive[]]
    const overlay = await tools.makeOverlay(spec, 0)
    return {
      ...spec,
      resume: memory,
      drives: [{ ...drive, source: { kind: 'qcow2-chain', files: [overlay, ...filesOf(drive)] } }, ...others],
    }
  }

  it('goes on while and after its snapshot is taken, and a VM that resumes from it goes on too, to the third generation', async (tools, spec) => {
    if (!able(tools)) return
    let vm = await up(tools, spec)
    await tools.tell(vm, spec, 'word=remembered')
    await tools.tell(vm, spec, 'echo told-$word')
    await hears(tools, spec, 'told-remembered')
    let current = spec
    for (const generation of [1, 2, 3]) {
      const next = await snapshotOf(tools, vm, current, String(generation))
      assert.equal(await vm.isRunning(), true)
      await tools.tell(vm, current, `echo source-${generation}-$word`)
      await hears(tools, current, `source-${generation}-remembered`)
      await vm.kill()
      vm = await tools.vmm.start(next)
      assert.equal(await vm.isRunning(), false, 'paused until it is told to go on')
      await vm.goOn()
      await vm.goOn()
      assert.equal(await vm.isRunning(), true)
      await tools.tell(vm, next, `echo resumed-${generation}-$word`)
      await hears(tools, next, `resumed-${generation}-remembered`)
      current = next
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    vm.onReset(resolve)
    await tools.untilObedient(vm, current)
    await tools.tell(vm, current, 'reboot')
    await promise
    await upAgain(tools, vm, current)
  })

  it('runs afterwards wherever the taking of a snapshot is broken off, with no memory left behind', async (tools, spec) => {
    if (!able(tools)) return
    const vm = await up(tools, spec)
    const phases: CutPhase[] = ['prepare', 'copy-memory', 'pause', 'cut-drives', 'save-devices', 'go-on', 'publish']
    for (const breakAfter of phases) {
      const overlay = { driveIndex: 0, file: await tools.makeOverlay(spec, 0) }
      const machine = { name: spec.machine, vm, memory: memoryIn(spec, breakAfter), overlays: [overlay] }
      const afterPhase = (phase: CutPhase) => {
        if (phase === breakAfter) throw new Error(`broken off after ${phase}`)
      }
      await assert.rejects(cut([machine], { afterwards: 'go-on', afterPhase }), { message: `broken off after ${breakAfter}` })
      assert.equal(await vm.isRunning(), true, `it runs after ${breakAfter}`)
      assert.equal((await vm.overlayFiles())[0] === overlay.file, phases.indexOf(breakAfter) >= phases.indexOf('cut-drives'))
    }
    const left = (await readdir(spec.folder)).filter((name) => /\.(ram|state)/.test(name))
    assert.deepEqual(left, [])
    await tools.tell(vm, spec, 'echo still-here')
    await hears(tools, spec, 'still-here')
  })

  it('is brought on by whoever finds it, when the one who took a snapshot is gone', async (tools, spec) => {
    if (!able(tools)) return
    const vm = await up(tools, spec)
    const left = await vm.beginCut(memoryIn(spec, 'left'), [])
    await left.copyMemory()
    await left.pause()
    vm.release()
    const found = await foundAlive(tools, spec)
    assert.equal(await found.isRunning(), false)
    await found.goOn()
    assert.equal(await found.isRunning(), true)
    await snapshotOf(tools, found, spec, 'again')
    await tools.tell(found, spec, 'echo still-here')
    await hears(tools, spec, 'still-here')
    await left.cancel()
  })

  it(
    'does not resume from damaged or missing memory, and leaves nothing then',
    async (tools, spec) => {
      if (!able(tools)) return
      const vm = await tools.vmm.start(spec)
      const resumed = await snapshotOf(tools, vm, spec, 'whole')
      await vm.kill()
      const whole = memoryIn(spec, 'whole')
      const cutOff = memoryIn(spec, 'cut-off')
      const state = await readFile(whole.stateFile)
      await writeFile(cutOff.stateFile, state.subarray(0, state.length / 2))
      await copyFile(whole.ramFile, cutOff.ramFile)
      await truncate(cutOff.ramFile, (await stat(whole.ramFile)).size - 4096)
      const damages: VmMemory[] = [
        { ...whole, stateFile: cutOff.stateFile },
        { ...whole, ramFile: cutOff.ramFile },
        { ...whole, ramFile: `${whole.ramFile}.gone` },
      ]
      for (const resume of damages) {
        await assert.rejects(tools.vmm.start({ ...resumed, resume }), { code: 'vm_failed' })
        const found = await tools.vmm.find(spec)
        assert.ok(found === undefined || 'end' in found)
      }
      const fine = await tools.vmm.start(resumed)
      await fine.goOn()
      assert.equal(await fine.isRunning(), true)
    },
    { boots: true },
  )
}
