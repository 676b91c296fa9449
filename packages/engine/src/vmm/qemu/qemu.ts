import { spawn } from 'node:child_process'
import { chmod, lchown, readFile, realpath, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { missingProgram, vmFailed } from '@ramet/model/errors/errors.ts'
import { requireTrusted } from '../../disk/drive-file.ts'
import { findProgram } from '../../process/find-program.ts'
import { setStopped } from '../../process/stop-signal.ts'
import { checkRam } from '../memory-files.ts'
import type { Accelerator, Vm, VmEnd, VmIdentity, Vmm, VmRemains, VmSpec } from '../vmm.ts'
import { qcow2Files, qemuCommandLine } from './command-line.ts'
import { consoleLogs, readMessages } from './console-log.ts'
import { closeSealed } from './drive-nodes.ts'
import { hostTool } from './host-tools.ts'
import { jailCommandLine } from './jail-command-line.ts'
import { newLogs, untilLogged } from './log-keeper.ts'
import { jitCacheMiB, overheadMiB } from './overhead.ts'
import { layOut, takeBack } from './own-files.ts'
import { gone } from './process.ts'
import { endOf, readProcessEnd } from './process-end.ts'
import type { CutTools } from './qemu-cut.ts'
import { qemuJail } from './qemu-jail.ts'
import { isOff, QemuVm, statusOf } from './qemu-vm.ts'
import { QmpClient } from './qmp.ts'
import { loadState } from './resume.ts'
import { vmFiles } from './vm-files.ts'
import { isThere, readRecord } from './vm-record.ts'

export interface QemuOptions {
  readonly qemu?: string
  readonly uids: { take(runId: string): Promise<number> }
  /** Folder for our compiled programs. */
  readonly cacheFolder: string
  readonly tscKhz: number
  readonly jitCacheMiB?: number
  readonly accelerator: {
    /** Null until the boot probe has decided. */
    known(): Accelerator | null
    /** Resolves when the probe has decided; a start waits for it. */
    decide(): Promise<Accelerator>
  }
}

const startWithinMs = 30_000

/** Runs VMs as QEMU processes, each in a jail of its own. Only `start` needs the accelerator, so VMs can be found again before it is known. */
export function qemuVmm(options: QemuOptions): Vmm {
  const tools = hostTools(options.cacheFolder)
  return {
    name: 'qemu',
    get accelerator() {
      return options.accelerator.known()
    },
    get overheadMiB() {
      return overheadMiB(options.accelerator.known())
    },
    capabilities: new Set(['add-layer', 'snapshot', 'resume'] as const),
    async start(spec) {
      const accelerator = await options.accelerator.decide()
      return start(spec, { ...options, qemu: options.qemu ?? 'qemu-system-x86_64' }, accelerator, tools)
    },
    find: (identity) => find(identity, tools),
    consoleLogs: ({ folder }, only) => consoleLogs(folder, only),
  }
}

function hostTools(cacheFolder: string): CutTools {
  const kept = new Map<string, Promise<string>>()
  const tool = (name: Parameters<typeof hostTool>[1]) => {
    const known = kept.get(name) ?? hostTool(cacheFolder, name)
    kept.set(name, known)
    known.catch(() => kept.delete(name))
    return known
  }
  return {
    jail: () => tool('jail'),
    splitter: () => tool('split'),
    privateRam: () => tool('private-ram'),
    logKeeper: () => tool('keep-log'),
  }
}

async function start(
  spec: VmSpec,
  options: QemuOptions & { readonly qemu: string },
  accelerator: Accelerator,
  tools: CutTools,
): Promise<Vm> {
  await requireTrusted(qcow2Files(spec.drives))
  if (spec.resume) await checkRam(spec, spec.resume)
  const installed = await findProgram(options.qemu)
  if (installed === undefined) throw missingProgram(options.qemu, 'qemu-system-x86')
  const qemu = await realpath(installed)
  const [jailer, privateRam] = await Promise.all([tools.jail(), spec.resume && tools.privateRam()])
  const files = vmFiles(spec.folder)
  for (const file of [files.end, files.exit, files.process]) await rm(file, { force: true })
  const uid = await options.uids.take(spec.runId)
  const { jail, sealed, read } = await layOut(spec, uid)
  await using logs = await newLogs(spec.folder, await tools.logKeeper(), spec.groups)
  const [program, ...args] = logs.keptBy(
    jailCommandLine(
      jailer,
      qemuJail(spec, { jail, sealed, read, accelerator, prefix: dirname(dirname(qemu)), privateRam }),
      qemuCommandLine(spec, { qemu, accelerator, tscKhz: options.tscKhz, jitCacheMiB: options.jitCacheMiB ?? jitCacheMiB }),
    ),
  )
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  // Its own session: a Ctrl-C or SIGKILL to the server's process group does not reach it.
  const child = spawn(program, args, {
    detached: true,
    // A resumed VM gets its device state on 0.
    stdio: [spec.resume ? 'pipe' : 'ignore', ...logs.stdio],
    cwd: '/',
    env: {},
  })
  const logged = untilLogged(child)
  child.unref()
  child.on('error', (error) => failure.reject(error))
  child.stdin?.on('error', () => {})
  const exit = Promise.withResolvers<void>()
  child.on('exit', (code, signal) => {
    exit.resolve()
    failure.reject(new Error(signal ? `QEMU was ended by ${signal}` : `QEMU ended with exit code ${code}`))
  })
  let qmp: QmpClient | undefined
  try {
    qmp = await Promise.race([connect(files.qmp), failure.promise])
    const record = await readRecord(spec.folder)
    if (!record) throw new Error('QEMU ended at once')
    // QEMU has it mapped by now.
    await lchown(spec.initrd, 0, 0)
    await chmod(spec.initrd, 0o600)
    if (spec.resume) await Promise.race([loadState(qmp, child.stdin, spec.resume.stateFile), failure.promise])
    return new QemuVm(record, spec.folder, qmp, tools, exit.promise)
  } catch (error) {
    qmp?.close()
    // What is in the jail ends with its keeper.
    child.kill('SIGKILL')
    const record = await readRecord(spec.folder)
    if (record) await gone(record, 10_000)
    await takeBack(spec.folder)
    await logged
    const said = await readMessages(spec.folder).catch(() => '')
    throw vmFailed(spec.machine, [(error as Error).message, said].filter(Boolean).join('; '), error)
  } finally {
    child.stdin?.destroy()
  }
}

async function connect(path: string): Promise<QmpClient> {
  const deadline = Date.now() + startWithinMs
  for (;;) {
    try {
      // The socket is there before QEMU is, which greets when it has made its devices.
      return await QmpClient.connect(path, startWithinMs)
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(5)
    }
  }
}

async function find(identity: VmIdentity, tools: CutTools): Promise<Vm | VmRemains | undefined> {
  const files = vmFiles(identity.folder)
  const record = await readRecord(identity.folder)
  if (record && (await isThere(record, identity))) {
    // A former server may have stopped it (`StandingRuns`).
    setStopped(record.pid, false)
    const qmp = await connect(files.qmp)
    const vm = new QemuVm(record, identity.folder, qmp, tools)
    const status = await statusOf(qmp).catch(() => 'unknown')
    // The server that was loading it is gone, and the guest has not run yet.
    if (status === 'inmigrate') await vm.kill()
    // A cut by a server that ended in it, or was of an older version, left this undone.
    else if (record.jail && !isOff(status)) await closeSealed(qmp).catch(() => {})
    if (!isOff(status) && status !== 'inmigrate') return vm
    return { end: await vm.ended }
  }
  if (record?.jail) await takeBack(identity.folder)
  const end = await readEnd(files.end)
  if (end) return { end }
  return record ? { end: endOf(await readProcessEnd(files.exit)) } : undefined
}

async function readEnd(file: string): Promise<VmEnd | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as { end: VmEnd }).end
  } catch {
    // We write this file whole or not at all, so somebody else damaged it.
    return undefined
  }
}
