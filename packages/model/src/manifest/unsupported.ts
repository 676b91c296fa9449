import { isActedOn } from '../access/sharing.ts'
import { closest } from '../errors/closest.ts'
import { type Fault, type FaultPart, fault, fieldPath, type Path, warning } from '../errors/fault.ts'
import { defaults, ownKernel } from '../plan/defaults.ts'
import { isBuildSource, parseBuildSource } from '../units/build-source.ts'
import { formatBytes, parseBytes } from '../units/bytes.ts'
import { isImageReference, parseImageReference } from '../units/image-reference.ts'
import type { ManifestDrive, ManifestMachine, ManifestSpec } from './manifest.ts'
import { registryAuthFaults } from './registry-auth.ts'

/**
 * What a manifest may say but this version does not act on yet. What the playground is without is told as a warning (a hint of a backend, a kernel, who
 * else may use it); what its machines could not do without is refused by name. The list shrinks as versions act on more.
 * `images`: names that a drive's source may have; absent: not checked, as where no server is at hand.
 */
export function unsupportedFaults(spec: ManifestSpec, images?: readonly string[]): Fault[] {
  const faults: Fault[] = []
  for (const [name, { status }] of Object.entries(spec.initTasks ?? {}))
    if ((status ?? 0) !== 0)
      faults.push(notActedOn(['initTasks', name, 'status'], 'A run begins with no task done, whatever `status` says'))
  faults.push(...registryAuthFaults(spec))
  for (const [index, { kind }] of spec.portForwards.entries())
    if (kind === 'remote')
      faults.push(notActedOn(['portForwards', index, 'kind'], 'Ports of your side are not served in the machine yet'))
  faults.push(...wordsForNobody(spec.accessControl))
  return [...faults, ...spec.machines.flatMap((machine, index) => machineFaults(machine, ['machines', index], images))]
}

const known = /^(owner|anyone|authenticated|nobody|instructor|(github|user|group|student|has-pack):.+)$/

/** Words of access that let nobody in here: those that nobody knows, and those for somebody elsewhere (a nick on GitHub, a training, a pack). */
function wordsForNobody(lists: ManifestSpec['accessControl']): Fault[] {
  return Object.entries(lists ?? {}).flatMap(([name, list]) =>
    list.flatMap((who, index) => {
      const path: Path = ['accessControl', name, index]
      if (!known.test(who))
        return [
          warning(
            'unknown_principal',
            path,
            `Nobody is let in by ${JSON.stringify(who)}.`,
            'Known are owner, anyone, authenticated, nobody, instructor, github:<handle>, user:<id>, group:<name>, student:<training>, has-pack:<pack>.',
          ),
        ]
      return isActedOn(who)
        ? []
        : [notActedOn(path, `Nobody of this server is let in by ${who}: \`user:NAME\` names one, \`anyone\` all`)]
    }),
  )
}

/** What mkfs.xfs and mkfs.btrfs refuse to make smaller (measured with those of Debian 12). */
const leastFilesystemBytes: Readonly<Record<string, number>> = { xfs: 300 * 1024 ** 2, btrfs: 109 * 1024 ** 2 }

function machineFaults(machine: ManifestMachine, path: Path, images: readonly string[] | undefined): Fault[] {
  const faults: Fault[] = []
  const { backend, kernel } = machine
  if (backend !== undefined && backend !== '' && backend !== 'firecracker') {
    faults.push(
      notActedOn([...path, 'backend'], `The backend ${backend} of ${machine.name} is taken for a hint: all machines run in QEMU`),
    )
  }
  if (kernel !== undefined && kernel !== '' && kernel !== defaults.kernel && kernel !== ownKernel) {
    faults.push(
      warning(
        'unknown_kernel',
        [...path, 'kernel'],
        `There is no kernel ${kernel}; the machine ${machine.name} gets ${defaults.kernel}.`,
        `Write \`kernel: "${defaults.kernel}"\`, or leave it out; \`kernel: ${ownKernel}\` boots the one in its root drive.`,
      ),
    )
  }
  return [...faults, ...machine.drives.flatMap((drive, index) => driveFaults(drive, [...path, 'drives', index], images))]
}

function driveFaults(drive: ManifestDrive, path: Path, images: readonly string[] | undefined): Fault[] {
  const faults: Fault[] = []
  const { source, filesystem } = drive
  if (drive.snapshot !== undefined) faults.push(notYet([...path, 'snapshot']))
  if (source !== undefined && filesystem !== undefined && filesystem !== defaults.filesystem)
    faults.push(notActedOn([...path, 'filesystem'], `A drive that begins from an image keeps the filesystem of the image`))
  if (source !== undefined && drive.readOnly && drive.size !== undefined)
    faults.push(notActedOn([...path, 'size'], `A drive that is read-only is as large as its image`))
  const least = leastFilesystemBytes[filesystem ?? '']
  if (source === undefined && least !== undefined && (parseBytes(drive.size ?? defaults.driveSize) ?? 0) < least)
    faults.push(
      fault(
        'invalid_value',
        [...path, 'size'],
        `A drive with ${filesystem} has at least ${formatBytes(least)}.`,
        'Write a larger `size`.',
      ),
    )
  if (source !== undefined && isBuildSource(source)) {
    const build = parseBuildSource(source)
    if ('wrong' in build) faults.push(fault('invalid_value', [...path, 'source'], build.wrong, 'Such as: build:./web'))
    else if (drive.partitioned !== undefined)
      faults.push(notYet([...path, 'partitioned'], undefined, '`partitioned` with a folder that is built'))
  } else if (source !== undefined && isImageReference(source)) {
    const reference = parseImageReference(source)
    if ('wrong' in reference)
      faults.push(fault('invalid_value', [...path, 'source'], reference.wrong, 'Such as: oci://ghcr.io/me/root:1'))
  } else if (source !== undefined && images && !images.includes(source)) {
    const near = closest(source, images)
    const hint = `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${images.join(', ')}.`
    faults.push(fault('unknown_image', [...path, 'source'], `There is no image ${source}.`, hint))
  }
  return faults
}

const notActedOn = (path: Path, message: string, part?: FaultPart) =>
  warning('not_acted_on', path, `${message}.`, undefined, part)

function notYet(path: Path, hint?: string, what = `The field \`${fieldPath(path)}\``): Fault {
  const last = path.at(-1)
  // A whole section is pointed at by its name, a value by itself.
  const part = path.length === 1 && typeof last === 'string' ? 'key' : 'value'
  return fault('not_supported_yet', path, `${what} is not supported yet.`, hint ?? `Leave \`${String(last)}\` out.`, part)
}
