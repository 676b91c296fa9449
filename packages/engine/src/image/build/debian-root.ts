import { cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ReportProgress } from '../cache/artefact.ts'
import { runBuild } from './build-process.ts'
import { debianMirror, hostAcquireSettings, sourceLines } from './debian-mirror.ts'

/** A Debian root as data: all of it goes into the recipe's hash. */
export interface DebianRoot {
  readonly suite: string
  readonly packages: readonly string[]
  /** Units that are never to start by themselves. */
  readonly masked: readonly string[]
  /** Generators of systemd that have nothing to generate here. Each is a program more at every boot. */
  readonly maskedGenerators: readonly string[]
  /** Text files by absolute path. */
  readonly files: Readonly<Record<string, string>>
  /** Patterns of files of its packages that are not unpacked (dpkg's path-exclude). */
  readonly excluded?: readonly string[]
  /** The drivers in its initramfs, of a root with a kernel; absent: all that there are. */
  readonly initramfsModules?: readonly string[]
  /** Paths that must not be in an image that many runs start from: identity, and traces of the build. */
  readonly removed: readonly string[]
}

export interface DebianRootOptions {
  /** Made here; must not exist. */
  readonly folder: string
  readonly scratch: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal
}

/** Phases of mmdebstrap as it names them, with the share of the whole that is done when each begins (measured: 17 s in all). */
const phases: readonly [RegExp, number, string][] = [
  [/running apt-get update/, 2, 'Reading package lists'],
  [/downloading packages with apt/, 10, 'Fetching packages'],
  [/extracting archives/, 30, 'Unpacking the base system'],
  [/installing essential packages/, 40, 'Setting up the base system'],
  [/installing remaining packages/, 55, 'Installing packages'],
  [/cleaning package lists/, 90, 'Cleaning up'],
]

/** 40 of 270 MB; no locale but C is installed. */
const untranslated = ['--dpkgopt=path-exclude=/usr/share/locale/*', '--dpkgopt=path-include=/usr/share/locale/locale.alias']
const tracesOfBuild = [
  '/etc/apt/apt.conf.d/99mmdebstrap',
  '/etc/dpkg/dpkg.cfg.d/99mmdebstrap',
  '/etc/resolv.conf',
  '/etc/hostname',
  '/var/log/bootstrap.log',
]

/**
 * Builds the root as root with mmdebstrap, in a mount and a pid namespace of its own: however it ends, also when this process is killed, its
 * processes and mounts end with it.
 */
export async function buildDebianRoot(root: DebianRoot, options: DebianRootOptions): Promise<void> {
  const { folder, scratch, signal } = options
  const host = { sources: join(scratch, 'sources.list'), settings: join(scratch, 'apt.conf') }
  const standard = join(scratch, 'standard')
  await writeFile(host.sources, `${sourceLines(await debianMirror(), root.suite).join('\n')}\n`)
  await writeFile(host.settings, `${(await hostAcquireSettings()).join('\n')}\n`)
  await runBuild(
    [
      'unshare',
      ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
      ...['mmdebstrap', '--mode=root', '--format=directory', '--variant=minbase', `--include=${root.packages.join(',')}`],
      `--aptopt=${host.settings}`,
      // Fetched from the host's mirror; the image itself gets Debian's standard sources, which mmdebstrap writes when no mirror is named.
      '--setup-hook=mkdir "$STANDARD" && mv "$1"/etc/apt/sources.list* "$STANDARD" && cp "$HOST_SOURCES" "$1/etc/apt/sources.list"',
      ...(root.initramfsModules === undefined
        ? []
        : [
            '--setup-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d" && echo MODULES=list > "$1/etc/initramfs-tools/conf.d/drivers" && echo "$DRIVERS" | tr " " "\n" > "$1/usr/share/initramfs-tools/modules.d/drivers"',
          ]),
      ...untranslated,
      ...(root.excluded ?? []).map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      root.suite,
      folder,
    ],
    {
      env: { DRIVERS: (root.initramfsModules ?? []).join(' '), STANDARD: standard, HOST_SOURCES: host.sources, TMPDIR: scratch },
      signal,
      onStderrLine: followPhases(options.report),
    },
  )
  await rm(join(folder, 'etc/apt/sources.list'))
  await cp(standard, join(folder, 'etc/apt'), { recursive: true })
  await finish(root, folder)
}

/** What a root gets after its packages: units and generators masked, files, no traces of the build. */
export async function finish(root: DebianRoot, folder: string): Promise<void> {
  for (const path of [...root.removed, ...tracesOfBuild]) await rm(join(folder, path), { recursive: true, force: true })
  for (const unit of root.masked) await link('/dev/null', join(folder, 'etc/systemd/system', unit))
  const generators = join(folder, 'etc/systemd/system-generators')
  await mkdir(generators, { recursive: true })
  for (const generator of root.maskedGenerators) await link('/dev/null', join(generators, generator))
  for (const [path, text] of Object.entries(root.files)) {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, { mode: 0o644 })
  }
}

async function link(target: string, path: string): Promise<void> {
  await rm(path, { force: true })
  await symlink(target, path)
}

/** Reports each phase as mmdebstrap begins it. */
export function followPhases(report: ReportProgress): (line: string) => void {
  return (line) => {
    const phase = phases.find(([pattern]) => pattern.test(line))
    if (phase) report({ step: phase[2], message: phase[2], percent: phase[1] })
  }
}
