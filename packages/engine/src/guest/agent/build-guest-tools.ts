import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openApt } from '../../image/build/apt.ts'
import { runBuild } from '../../image/build/build-process.ts'
import type { ReportProgress } from '../../image/cache/artefact.ts'
import { type Recipe, sourceTexts } from '../../image/recipes/recipe.ts'

export interface GuestToolsOptions {
  /** Folder for the programs; must exist. */
  readonly outFolder: string
  /** Work folder; the caller removes it. */
  readonly workFolder: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal | undefined
}

/** First Debian release whose dropbear has `-D` (keys in a folder outside the image): 2025.87. Its openssh gives sftp-server. */
export const sourceSuite = 'trixie'

const sourceFolder = fileURLToPath(new URL('./native/', import.meta.url))
const strict = ['-Os', '-static', '-s', '-Wall', '-Wextra', '-Wshadow', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2']

/** Our own programs: name and sources in `native/`. */
const programs: Record<string, readonly string[]> = {
  bridge: ['bridge.c'],
  wake: ['wake.c'],
  keeper: ['main.c', 'keeper.c', 'attach.c', 'as.c', 'console.c', 'task.c', 'account.c'],
  grow: ['grow.c'],
  pid1: ['pid1.c'],
}

/** Inputs of the tools besides the versions of the packages. */
export async function guestToolsRecipe(): Promise<Recipe> {
  const names = [
    ...new Set(Object.values(programs).flat()),
    'dropbear-root.c',
    'dropbear-options.h',
    'dropbear-terminal.patch',
    'account.h',
    'keeper.h',
    'oom.h',
  ]
  const files = names.map((name) => new URL(`./native/${name}`, import.meta.url))
  return { sourceSuite, sources: await sourceTexts([...files, new URL('./build-guest-tools.ts', import.meta.url)]) }
}

/**
 * Builds what runs inside every guest, static against musl: bridge, wake, keeper (also `as`), grow, pid1, dropbear, sftp-server.
 * Under a minute. Throws `process_failed` with the compiler's words.
 */
export async function buildGuestTools(options: GuestToolsOptions): Promise<void> {
  const { outFolder, workFolder, report, signal } = options
  const step = (name: string, percent: number) => report({ step: name, message: name, percent })
  step("Compiling the guest's helpers", 0)
  await compileHelpers(outFolder, signal)
  step("Fetching the sources of the guest's ssh server", 10)
  const apt = await openApt({ folder: join(workFolder, 'apt'), suites: [sourceSuite], ...(signal ? { signal } : {}) })
  const unpack = async (name: string) => {
    const { dsc } = await apt.downloadSource(name, join(workFolder, 'sources'))
    const folder = join(workFolder, name)
    await rm(folder, { recursive: true, force: true })
    // apt has verified the files against the archive's signature; dpkg-source would ask for the maintainer's key.
    await runBuild(['dpkg-source', '--no-check', '-x', dsc, folder], { signal })
    return folder
  }
  const dropbear = await unpack('dropbear')
  step("Building the guest's ssh server", 25)
  await buildDropbear(dropbear, outFolder, signal)
  const openssh = await unpack('openssh')
  step("Building the guest's file transfer", 60)
  await buildSftpServer(openssh, outFolder, signal)
}

export async function compileHelpers(outFolder: string, signal?: AbortSignal): Promise<void> {
  for (const [name, sources] of Object.entries(programs))
    await runBuild(['musl-gcc', ...strict, '-o', join(outFolder, name), ...sources], { cwd: sourceFolder, signal })
}

async function buildDropbear(folder: string, outFolder: string, signal?: AbortSignal): Promise<void> {
  const inFolder = { cwd: folder, signal }
  await copyFile(join(sourceFolder, 'dropbear-options.h'), join(folder, 'localoptions.h'))
  await runBuild(['patch', '-p1', '--quiet', '-i', join(sourceFolder, 'dropbear-terminal.patch')], inFolder)
  await runBuild(['musl-gcc', '-Os', '-c', '-o', join(folder, 'ramet-root.o'), join(sourceFolder, 'dropbear-root.c')], inFolder)
  const wrapped = ['getpwnam', 'setusershell', 'endusershell', 'getusershell'].map((name) => `--wrap=${name}`)
  const without = ['zlib', 'syslog', 'lastlog', 'utmp', 'utmpx', 'wtmp', 'wtmpx', 'loginfunc', 'pututline', 'pututxline'].map(
    (name) => `--disable-${name}`,
  )
  const settings = ['CC=musl-gcc', 'CFLAGS=-Os', `LDFLAGS=-s -Wl,${wrapped.join(',')}`, `LIBS=${join(folder, 'ramet-root.o')}`]
  await runBuild(['./configure', '--enable-static', ...without, ...settings], inFolder)
  await runBuild(['make', '-j2', 'PROGRAMS=dropbear', 'STATIC=1'], inFolder)
  await copyFile(join(folder, 'dropbear'), join(outFolder, 'dropbear'))
}

async function buildSftpServer(folder: string, outFolder: string, signal?: AbortSignal): Promise<void> {
  const inFolder = { cwd: folder, signal }
  // Debian's patches are newer than the configure that the release carries; nothing of theirs concerns sftp-server's build.
  await runBuild(['touch', 'configure'], inFolder)
  const without = [
    '--without-openssl',
    '--without-zlib',
    '--without-pam',
    '--without-selinux',
    '--disable-lastlog',
    '--disable-utmp',
    '--disable-wtmp',
  ]
  await runBuild(['./configure', ...without, 'CC=musl-gcc', 'CFLAGS=-Os', 'LDFLAGS=-static -s'], inFolder)
  await runBuild(['make', '-j2', 'sftp-server'], inFolder)
  await mkdir(outFolder, { recursive: true })
  await copyFile(join(folder, 'sftp-server'), join(outFolder, 'sftp-server'))
}
