import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFileForThisBoot } from '../../disk/files.ts'
import { qemuDisks } from '../../disk/qemu-disks.ts'
import { qemuLayers } from '../../disk/qemu-layers.ts'
import { removeTree } from '../../disk/remove-tree.ts'
import { ensureVmUser, type VmUser } from '../../disk/vm-user.ts'
import { reclaimFiles } from '../../host/reclaim.ts'
import { run } from '../../process/run-process.ts'
import { runFolder } from '../../run/run-folder.ts'
import { consoleLogs, readMessages } from '../../vmm/qemu/console-log.ts'
import { hostTool } from '../../vmm/qemu/host-tools.ts'
import { newLogs, untilLogged } from '../../vmm/qemu/log-keeper.ts'
import { Canaries, mustBeClean } from './canaries.ts'
import { type Act, once, type Report, type Tell } from './once.ts'

const sizeBytes = 64 * 1024 * 1024
const runId = 'a'.repeat(24)
interface Field {
  readonly home: string
  readonly drives: string
  readonly machine: string
  readonly user: VmUser
  readonly cacheFolder: string
}

async function makeOverlays({ drives, user }: Field): Promise<void> {
  for (const name of ['drive.qcow2', 'next.qcow2']) await qemuDisks(user).makeOverlay(join(drives, name), undefined, sizeBytes)
}

/** What the server's root does in the folders of a run. Each may fail, as the files are not what it left there; none may hang, or follow a link. */
const acts: Record<string, Act<Field>> = {
  'look at a drive': async ({ drives, user }) => {
    const [disks, file] = [qemuDisks(user), join(drives, 'drive.qcow2')]
    await Promise.allSettled([disks.exists(file), disks.bytes(file), qemuLayers(user).isUntouched(file)])
  },
  seal: async ({ home, drives, user }, round) => {
    const layer = join(home, 'layers', `${round}.qcow2`)
    const files = [{ overlay: join(drives, 'drive.qcow2'), layer }]
    try {
      await qemuLayers(user).seal(files)
      mustBeClean(await readFile(layer), 'a layer')
    } finally {
      await removeTree(layer)
    }
  },
  'give back': ({ drives, user }) => qemuLayers(user).makeWritable(join(drives, 'drive.qcow2')),
  'write records': ({ machine }) => writeFileForThisBoot(join(machine, 'vm.json'), '{}'),
  'read the console': async ({ machine }) => {
    for (const log of await consoleLogs(machine)) mustBeClean(await log.read(), 'a console log')
    mustBeClean(await readMessages(machine), 'what QEMU said')
  },
}

/** Those that start a program, one of them now and then. */
const slowActs: typeof acts = {
  start: async ({ machine, cacheFolder }) => {
    await using logs = await newLogs(machine, await hostTool(cacheFolder, 'keep-log'))
    const [program, ...args] = logs.keptBy(['sh', '-c', 'echo printed >&3; echo said'])
    const child = spawn(program, args, { stdio: ['ignore', ...logs.stdio] })
    await untilLogged(child)
  },
  check: async ({ drives, user }) => {
    mustBeClean((await qemuDisks(user).check(join(drives, 'drive.qcow2'))).join(), 'a check')
  },
  merge: async ({ home, drives, user }, round) => {
    const [one, two, into] = ['one', 'two', 'into'].map((name) => join(home, 'layers', `${name}-${round}.qcow2`)) as [
      string,
      string,
      string,
    ]
    const file = (path: string) => ({ file: path, format: 'qcow2' as const, sizeBytes })
    try {
      await qemuLayers(user).seal([
        { overlay: join(drives, 'drive.qcow2'), layer: one },
        { overlay: join(drives, 'next.qcow2'), layer: two },
      ])
      await qemuLayers(user).merge({ layers: [file(one), file(two)], below: [], into })
      mustBeClean(await readFile(into), 'a merged layer')
    } finally {
      for (const each of [one, two, into]) await removeTree(each)
    }
  },
  reclaim: ({ home, user }) =>
    reclaimFiles(
      { home, layers: qemuLayers(user) },
      { runs: [{ id: runId, shortId: 1, overlays: ['drive.qcow2'], isOn: true }], layers: [], snapshots: [] } as never,
      new Map([[runId, user.uid]]),
    ),
  destroy: async (field) => {
    try {
      await removeTree(runFolder(field.home, runId))
    } finally {
      await makeFolders(field)
    }
  },
}

/** In ever another order, as some leave the files to others. */
function chosenFor(round: number): [string, (typeof acts)[string]][] {
  const quick = Object.entries(acts)
  const slow = Object.entries(slowActs)
  const first = round % quick.length
  const rotated = [...quick.slice(first), ...quick.slice(0, first)]
  return round % 8 === 0 ? [...rotated, ...slow.slice((round / 8) % slow.length).slice(0, 1)] : rotated
}

const planted = ['drive.qcow2', 'next.qcow2', 'console-1.log', 'console-2.log', 'qemu.log', 'vm.json']

/** Puts links where the server's files were, in the place of the hostile process: on a busy host that seldom comes between two steps of the server's. */
async function plant({ drives, machine }: Field, canaries: string, round: number): Promise<void> {
  for (const [index, name] of planted.entries()) {
    if ((round >> index) % 2 === 0) continue
    const path = join(name.endsWith('qcow2') ? drives : machine, name)
    await removeTree(path).catch(() => {})
    const target = ['secret', 'drive.qcow2', 'made', 'folder'][(round + index) % 4] as string
    await symlink(join(canaries, target), path).catch(() => {})
  }
}

async function makeFolders({ home, drives, machine, user }: Field): Promise<void> {
  await mkdir(join(home, 'layers'), { recursive: true })
  await mkdir(runFolder(home, runId), { recursive: true })
  for (const folder of [drives, machine]) {
    await mkdir(folder, { recursive: true })
    // As folders of VMs once were: the walls between runs are taken away, and only this half is tested.
    await chown(folder, user.uid, user.gid)
    await chmod(folder, 0o777)
  }
}

/**
 * A hostile process against all that the server does with the files of a run, so many times. Throws when anything outside was read or changed, or an act hangs.
 * Returns how often each act succeeded: one that never did would test nothing. `tell` hears how many rounds were held.
 */
export async function hostileRounds(rounds: number, cacheFolder: string, tell?: Tell): Promise<Report> {
  const root = await mkdtemp(join(process.env.RAMET_TEST_MEMORY ?? tmpdir(), 'hostile-'))
  await chmod(root, 0o711)
  const user = await ensureVmUser()
  const home = join(root, 'home')
  const folder = runFolder(home, runId)
  const field: Field = { home, drives: join(folder, 'drives'), machine: join(folder, 'machines/0'), user, cacheFolder }
  const canaries = await Canaries.make(join(root, 'canaries'))
  await makeFolders(field)
  const program = await compile(root)
  const enemies = [1, 2].map(() => letLoose(program, canaries.folder, field))
  const report: Report = { succeeded: {}, failed: {}, tookMs: {}, why: {} }
  try {
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) await once(report, 'make overlays', () => makeOverlays(field))
      await plant(field, canaries.folder, round)
      for (const [name, act] of chosenFor(round)) await once(report, name, () => act(field, round))
      if (round % 50 === 0) await canaries.mustBeAsBefore()
      tell?.(round + 1)
    }
    await canaries.mustBeAsBefore()
    for (const where of [field.drives, field.machine])
      if ((await readdir(where)).includes('stolen')) throw new Error('the hostile process can read what it must not')
    return report
  } finally {
    for (const enemy of enemies) enemy.kill('SIGKILL')
    await rm(root, { recursive: true, force: true })
  }
}

async function compile(root: string): Promise<string> {
  const program = join(root, 'hostile')
  const source = fileURLToPath(new URL('./hostile.c', import.meta.url))
  await run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source])
  return program
}

/** Starts the hostile process as the VM's user. */
function letLoose(program: string, canaries: string, { drives, machine, user }: Field): ChildProcess {
  const rights = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--no-new-privs', '--pdeathsig', 'KILL', '--']
  return spawn('setpriv', [...rights, program, canaries, drives, machine], { stdio: 'ignore' })
}
