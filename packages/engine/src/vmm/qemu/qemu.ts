import { spawn } from 'node:child_process'
import { open, readFile, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { missingProgram, vmFailed } from '@ramet/model/errors/errors.ts'
import { enterGroups } from '../../cgroup/enter-groups.ts'
import { writeFileForThisBoot } from '../../disk/files.ts'
import type { VmUser } from '../../disk/vm-user.ts'
import { setStopped } from '../../process/stop-signal.ts'
import { checkRam } from '../memory-files.ts'
import type { Accelerator, Vm, VmEnd, VmIdentity, Vmm, VmRemains, VmSpec } from '../vmm.ts'
import { splitterProgram } from './build-splitter.ts'
import { type CommandLineOptions, qemuCommandLine } from './command-line.ts'
import { consoleLogs, nextConsoleLog } from './console-log.ts'
import { jitCacheMiB, overheadMiB } from './overhead.ts'
import { argvOf, findProcess, gone, identify, isAlive, type ProcessId } from './process.ts'
import type { CutTools } from './qemu-cut.ts'
import { type ChildExit, isOff, QemuVm, statusOf } from './qemu-vm.ts'
import { QmpClient } from './qmp.ts'
import { loadState } from './resume.ts'
import { vmFiles, vmName } from './vm-files.ts'

export interface QemuOptions {
  readonly qemu?: string
  readonly user: VmUser
  /** Folder for the compiled splitter. */
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

/** Runs VMs as QEMU processes. Only `start` needs the accelerator, so VMs can be found again before it is known. */
export function qemuVmm(options: QemuOptions): Vmm {
  const qemu = options.qemu ?? 'qemu-system-x86_64'
  const tools: CutTools = { user: options.user, splitter: () => splitterProgram(options.cacheFolder) }
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
      const consoleLog = await nextConsoleLog(spec.folder)
      return start(
        spec,
        {
          qemu,
          accelerator,
          user: options.user.name,
          tscKhz: options.tscKhz,
          jitCacheMiB: options.jitCacheMiB ?? jitCacheMiB,
          consoleLog,
        },
        tools,
      )
    },
    find: (identity) => find(identity, tools),
    consoleLogs: ({ folder }) => consoleLogs(folder),
  }
}

async function start(spec: VmSpec, options: CommandLineOptions, tools: CutTools): Promise<Vm> {
  if (spec.resume) await checkRam(spec, spec.resume)
  const files = vmFiles(spec.folder)
  for (const file of [files.end, files.process, files.qmp, files.guest, files.wake, files.console])
    await rm(file, { force: true })
  const inNamespace = spec.namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${spec.namespace}`, '--']
  const [program, ...args] = enterGroups(spec.groups ?? [], [
    ...inNamespace,
    ...['setpriv', '--no-new-privs', '--'],
    ...qemuCommandLine(spec, options),
  ])
  const log = await open(files.log, 'w', 0o640)
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  // Its own session: a Ctrl-C or SIGKILL to the server's process group does not reach it.
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
  })
  child.unref()
  child.on('error', (error) => failure.reject(error))
  const exit = Promise.withResolvers<ChildExit>()
  child.on('exit', (code, signal) => {
    exit.resolve({ code, signal })
    failure.reject(new Error(signal ? `QEMU was ended by ${signal}` : `QEMU ended with exit code ${code}`))
  })
  await log.close()
  let qmp: QmpClient | undefined
  try {
    qmp = await Promise.race([connect(files.qmp), failure.promise])
    const found = child.pid === undefined ? undefined : await identify(child.pid)
    if (!found) throw new Error('QEMU ended at once')
    await writeFileForThisBoot(files.process, JSON.stringify(found))
    if (spec.resume) await Promise.race([loadState(qmp, files.migration, spec.resume.stateFile), failure.promise])
    return new QemuVm(found, spec.folder, qmp, tools, exit.promise)
  } catch (error) {
    qmp?.close()
    child.kill('SIGKILL')
    if (child.pid !== undefined) {
      const found = await identify(child.pid)
      if (found) await gone(found, 10_000)
    }
    const said = await readFile(files.log, 'utf8').catch(() => '')
    if (
      /failed to execute |execvp|No such file or directory.*qemu-system|ENOENT/.test(
        `${said} ${(error as NodeJS.ErrnoException).code ?? ''}`,
      )
    ) {
      throw missingProgram(options.qemu, 'qemu-system-x86')
    }
    throw vmFailed(spec.machine, [(error as Error).message, said.trim().slice(-1500)].filter(Boolean).join('; '), error)
  }
}

async function connect(path: string): Promise<QmpClient> {
  const deadline = Date.now() + startWithinMs
  for (;;) {
    try {
      return await QmpClient.connect(path)
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(10)
    }
  }
}

const isVm = ({ runId, machine, folder }: VmIdentity) => {
  const name = `guest=${vmName(runId, machine)}`
  return (argv: readonly string[]) =>
    argv.includes(name) &&
    argv.some((argument) => argument.includes(`path=${vmFiles(folder).qmp}`)) &&
    !['/bin/sh', 'nsenter', 'setpriv'].includes(argv[0] ?? '')
}

async function find(identity: VmIdentity, tools: CutTools): Promise<Vm | VmRemains | undefined> {
  const files = vmFiles(identity.folder)
  const written = await readJson<ProcessId>(files.process)
  const isOurs = isVm(identity)
  // Started but not recorded before the server ended: find it by its arguments.
  const process = written ?? (await findProcess(isOurs))
  if (process && (await isAlive(process)) && isOurs(await argvOf(process.pid))) {
    if (!written) await writeFileForThisBoot(files.process, JSON.stringify(process))
    // A former server may have stopped it (`StandingRuns`).
    setStopped(process.pid, false)
    const qmp = await connect(files.qmp)
    const vm = new QemuVm(process, identity.folder, qmp, tools)
    const status = await statusOf(qmp).catch(() => 'unknown')
    // The server that was loading it is gone, and the guest has not run yet.
    if (status === 'inmigrate') await vm.kill()
    if (!isOff(status) && status !== 'inmigrate') return vm
    return { end: await vm.ended }
  }
  const end = await readJson<{ end: VmEnd }>(files.end)
  if (end) return { end: end.end }
  return written ? { end: 'killed' } : undefined
}

async function readJson<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T)
  } catch {
    // We write this file whole or not at all, so somebody else damaged it. The process is still found by its arguments.
    return undefined
  }
}
