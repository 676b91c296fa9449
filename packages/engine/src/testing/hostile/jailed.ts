import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { qemuDisks } from '../../disk/qemu-disks.ts'
import { qemuLayers } from '../../disk/qemu-layers.ts'
import { removeTree } from '../../disk/remove-tree.ts'
import { root } from '../../disk/vm-user.ts'
import { run } from '../../process/run-process.ts'
import { qemuVmm } from '../../vmm/qemu/qemu.ts'
import { vmFiles } from '../../vmm/qemu/vm-files.ts'
import type { Vm, Vmm, VmSpec } from '../../vmm/vmm.ts'
import { testUids } from '../test-uids.ts'
import { Canaries, mustBeClean } from './canaries.ts'
import { type Act, once, type Report, type Tell } from './once.ts'

const sizeBytes = 64 * 1024 * 1024
const roundsOfVm = 20

interface Jailed {
  readonly vmm: Vmm
  readonly spec: VmSpec
  readonly drives: string
  readonly layers: string
  readonly uid: number
}

const [disks, layers] = [qemuDisks(root), qemuLayers(root)]

/** All that the server does with a run whose QEMU is hostile, from its start to its end. */
const acts: Record<string, Act<Jailed & { readonly vm: Vm }>> = {
  'cut drives': async ({ vm, drives }, round) => {
    const next = join(drives, `next-${round}.qcow2`)
    await disks.makeOverlay(next, undefined, sizeBytes)
    await vm.addLayer(0, next)
  },
  'seal, clone, give back': async ({ drives, layers: folder, uid }, round) => {
    const [overlay, layer] = [join(drives, 'drive.qcow2'), join(folder, `${round}.qcow2`)]
    await layers.seal([{ overlay, layer }])
    mustBeClean(await readFile(layer), 'a layer')
    await removeTree(layer)
    await layers.makeWritable(overlay, uid)
  },
  look: async ({ vmm, spec, drives }) => {
    const file = join(drives, 'drive.qcow2')
    await disks.bytes(file)
    await layers.isUntouched(file)
    for (const log of await vmm.consoleLogs(spec)) mustBeClean(await log.read(), 'a console log')
  },
}

/** Those that start a program: each now and then. */
const slowActs: typeof acts = {
  'cut memory': async ({ vm, layers: folder }, round) => {
    const into = { ramFile: join(folder, `${round}.ram`), stateFile: join(folder, `${round}.state`) }
    // It does not migrate: the cut is cancelled, and nothing of it stays.
    await assert.rejects(vm.beginCut(into, []).then((cut) => cut.copyMemory().finally(() => cut.cancel())))
  },
  check: async ({ drives }) => mustBeClean((await disks.check(join(drives, 'drive.qcow2'))).join(), 'a check'),
}

/**
 * A hostile program in the place of a run's QEMU: with its user, namespaces, files and descriptors. Throws when anything outside, or of another run, was read or
 * changed, when it made any name anywhere, or when the server hangs. `tell` hears how many rounds were held.
 */
export async function jailedRounds(rounds: number, cacheFolder: string, tell?: Tell): Promise<Report> {
  const at = await mkdtemp(join(process.env.RAMET_TEST_MEMORY ?? tmpdir(), 'jailed-'))
  const [drives, folder, layersFolder] = ['drives', 'machines/0', 'layers'].map((name) => join(at, name)) as [
    string,
    string,
    string,
  ]
  for (const each of [drives, folder, layersFolder, join(at, 'program/bin')]) await mkdir(each, { recursive: true })
  const canaries = [await Canaries.make(join(at, 'canaries')), await Canaries.make(join(at, 'runs/other/drives'))]
  const qemu = await compile(join(at, 'program/bin/qemu'), canaries[0]?.folder ?? '', [drives, folder, layersFolder, at])
  const vmm = qemuVmm({
    qemu,
    uids: testUids,
    cacheFolder,
    tscKhz: 1,
    accelerator: { known: () => 'tcg', decide: async () => 'tcg' },
  })
  const spec = await specIn(at, folder, join(drives, 'drive.qcow2'))
  const jailed = { vmm, spec, drives, layers: layersFolder, uid: await testUids.take(spec.runId) }
  const report: Report = { succeeded: {}, failed: {}, tookMs: {}, why: {} }
  let vm: Vm | undefined
  try {
    for (let round = 0; round < rounds; round += roundsOfVm) {
      await disks.makeOverlay(join(drives, 'drive.qcow2'), undefined, sizeBytes)
      await once(report, 'start', async () => {
        vm = await vmm.start(spec)
      })
      for (let each = round; vm && each < Math.min(round + roundsOfVm, rounds); each++)
        for (const [name, act] of Object.entries(each % 10 === 7 ? { ...acts, ...slowActs } : acts))
          await once(report, name, () => act({ ...jailed, vm: vm as Vm }, each))
      await once(report, 'stop', async () => vm?.kill())
      vm = undefined
      for (const each of canaries) await each.mustBeAsBefore()
      assert.deepEqual(await readdir(vmFiles(folder).own), [], 'what it was given is taken back')
      for (const name of await readdir(folder)) assert.match(name, /^(own|root|\w+\.(json|sock)|(qemu|console-\d+)\.log(\.1)?)$/)
      for (const name of await readdir(drives)) {
        assert.match(name, /^(drive|next-\d+)\.qcow2$/, 'it made no name')
        if (name !== 'drive.qcow2') await removeTree(join(drives, name))
      }
      // What it left of its drive is started from once more, or refused.
      await once(report, 'start again', async () => void (await (await vmm.start(spec)).kill()))
      tell?.(Math.min(round + roundsOfVm, rounds))
    }
    return report
  } finally {
    await vm?.kill()
    await rm(at, { recursive: true, force: true })
  }
}

/** `written`: a file that it never stops to write to by what it opened in its first moment. */
export async function compile(program: string, canaries: string, folders: readonly string[], written?: string): Promise<string> {
  const source = fileURLToPath(new URL('./hostile.c', import.meta.url))
  const defines = [`-DIN_PLACE_OF_QEMU="${canaries}"`, `-DFOLDERS=${folders.map((folder) => JSON.stringify(folder)).join(',')}`]
  if (written !== undefined) defines.push(`-DWRITTEN=${JSON.stringify(written)}`)
  await run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', ...defines, '-o', program, source])
  return program
}

export async function specIn(at: string, folder: string, drive: string): Promise<VmSpec> {
  const [kernel, initrd] = [join(at, 'kernel'), join(at, 'initrd')]
  for (const file of [kernel, initrd]) await writeFile(file, 'nothing')
  return {
    runId: 'b'.repeat(24),
    machine: 'one',
    folder,
    cpuCount: 1,
    ramMiB: 64,
    kernel,
    initrd,
    commandLine: [],
    drives: [{ serial: 'drive-0', readOnly: false, source: { kind: 'qcow2-chain', files: [drive] } }],
    interfaces: [],
  }
}
