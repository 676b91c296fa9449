import { spawn } from 'node:child_process'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { vmFailed } from '@ramet/model/errors/errors.ts'
import { writeFileAtomically } from '../../disk/files.ts'
import { setStopped } from '../../process/stop-signal.ts'
import { checkRam } from '../../vmm/memory-files.ts'
import type { VmDrive, VmIdentity, Vmm, VmRemains, VmSpec } from '../../vmm/vmm.ts'
import { tryControl } from './fake-control.ts'
import { readFakeChain } from './fake-drive.ts'
import { consoleLogPattern, fakeFiles, folderTaken, isAlive, type ProcessIdentity } from './fake-files.ts'
import { FakeVm, gone, readEnd } from './fake-vm-handle.ts'
import { markBlock, type PretendBoot } from './pretend-drives.ts'

const program = join(import.meta.dirname, 'fake-vm.ts')
/** A process may take long to begin: more than 20 s, once in 1300 starts at a load of 28 on two cores. One that ends is told at once. */
const answerMs = 60_000
const pollMs = 20

/** VMs that are small processes of their own: no root, no QEMU, ready in a fraction of a second. */
export const fakeVmm: Vmm = {
  name: 'fake',
  accelerator: 'fake',
  capabilities: new Set(['add-layer', 'snapshot', 'resume']),
  overheadMiB: 0,

  async start(spec) {
    const files = fakeFiles(spec.folder)
    if (spec.resume) await checkRam(spec, spec.resume)
    const output = await open(files.output, 'a')
    const words = [spec.folder, spec.runId, spec.machine, String(spec.ramMiB), ...(spec.resume ? [spec.resume.stateFile] : [])]
    const argv = ['--disable-warning=ExperimentalWarning', program, ...words]
    await writeFileAtomically(files.overlays, JSON.stringify(spec.drives.map(overlayOf)))
    await writeFileAtomically(files.boot, JSON.stringify(await bootOf(spec)))
    const child = spawn(process.execPath, argv, { detached: true, stdio: ['ignore', output.fd, output.fd], cwd: '/' })
    child.unref()
    let failure: Error | undefined
    child.on('error', (error) => {
      failure = error
    })
    await output.close()
    const deadline = Date.now() + answerMs
    try {
      for (;;) {
        if (failure) throw failure
        const identity = await readIdentity(spec.folder)
        // Another one holds the folder: started by a server that was killed before it saw it. It is the same machine.
        const isOurs = identity?.pid === child.pid || child.exitCode === folderTaken
        if (identity && isOurs && (await isAlive(identity))) {
          const control = await tryControl(spec, identity)
          if (control) return new FakeVm(spec, identity, control)
        } else if (child.exitCode !== null && child.exitCode !== folderTaken) {
          throw new Error(`its process ended with ${child.exitCode}: ${(await readFile(files.output, 'utf8')).slice(-500)}`)
        }
        if (Date.now() > deadline) throw new Error(`it did not answer within ${answerMs / 1000} s.`)
        await delay(pollMs)
      }
    } catch (error) {
      child.kill('SIGKILL')
      throw vmFailed(spec.machine, (error as Error).message, error)
    }
  },

  async find(identity) {
    const known = await readIdentity(identity.folder)
    if (!known) return undefined
    const deadline = Date.now() + answerMs
    while (await isOurProcess(known, identity)) {
      setStopped(known.pid, false)
      const control = await tryControl(identity, known)
      if (control && !control.greeting.isPoweredOff) return new FakeVm(identity, known, control)
      if (control) {
        control.send({ command: 'quit' }).catch(() => {})
        await gone(known)
        break
      }
      if (Date.now() > deadline) throw vmFailed(identity.machine, 'its process does not answer.')
      await delay(pollMs)
    }
    return { end: await readEnd(identity.folder) } satisfies VmRemains
  },

  async consoleLogs({ folder }) {
    const names = await readdir(folder).catch((): string[] => [])
    return names
      .filter((name) => consoleLogPattern.test(name))
      .toSorted()
      .map((name) => ({ name, read: () => readFile(join(folder, name), 'utf8') }))
  },
}

async function bootOf({ initrd, drives: [root, ...others] }: VmSpec): Promise<PretendBoot> {
  const chain = root?.source.kind === 'qcow2-chain' ? root.source.files : []
  const config = initrd === '' ? '' : await readFile(initrd, 'latin1')
  return {
    // As `boot-files.ts` writes it.
    asks: /ramet\/once\0+ask /.test(config),
    // The image at its end is no pretend drive.
    timesSetUp: await readFakeChain(chain, markBlock).catch(() => 0),
    writable: [root, ...others].flatMap((drive, index) => (drive && !drive.readOnly ? [index] : [])),
  }
}

const overlayOf = ({ source }: VmDrive): string => (source.kind === 'raw-file' ? source.file : source.files[0])

async function readIdentity(folder: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(fakeFiles(folder).pid, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity)
}

async function isOurProcess(known: ProcessIdentity, { folder, runId, machine }: VmIdentity): Promise<boolean> {
  if (!(await isAlive(known))) return false
  const argv = (await readFile(`/proc/${known.pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  return [folder, runId, machine].every((word) => argv.includes(word))
}

export const startFakeVm = (spec: VmSpec) => fakeVmm.start(spec)
