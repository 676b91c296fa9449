import type { Accelerator, BlockSource, VmDrive, VmSpec } from '../vmm.ts'
import { descriptors } from './qemu-jail.ts'
import { vmName } from './vm-files.ts'

/** What QEMU may not do any more once it runs (seccomp). */
export const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'

export interface CommandLineOptions {
  /** Path. */
  readonly qemu: string
  readonly accelerator: Accelerator
  /** Frequency of the host's time stamp counter. */
  readonly tscKhz: number
  /** Bound of the code cache of TCG. */
  readonly jitCacheMiB: number
}

/** microvm with ACPI has two I/O APICs and 24 virtio-mmio transports (hw/i386/microvm.c). */
export const transports = 24

/** Builds the whole argv of one VM; pure. Sockets, taps and the console's log are descriptors that it begins with. The order of devices is explicit: guests find the transports of microvm from the last to the first (measured). */
export function qemuCommandLine(spec: VmSpec, options: CommandLineOptions): [string, ...string[]] {
  let transport = 0
  const bus = () => `bus=virtio-mmio-bus.${transports - 1 - transport++}`
  const devices = [
    ...spec.drives.flatMap((drive, index) => driveArguments(drive, index, bus())),
    ...spec.interfaces.flatMap(({ mac }, index) => [
      '-netdev',
      `tap,id=net${index},fd=${descriptors.tap(index)},vhost=off`,
      '-device',
      `virtio-net-device,id=nic${index},netdev=net${index},mac=${mac},${bus()}`,
    ]),
    '-device',
    `virtio-serial-device,id=serial,max_ports=4,${bus()}`,
    '-device',
    'virtserialport,id=channel-port,chardev=guest,name=ramet.channel,nr=1',
    '-device',
    'virtserialport,id=wake-port,chardev=wake,name=ramet.wake,nr=2',
    '-device',
    `virtio-rng-device,id=rng,${bus()}`,
  ]
  if (transport > transports) throw new Error(`${transport} devices do not fit into ${transports} transports`)
  return [
    options.qemu,
    '-name',
    `guest=${vmName(spec.runId, spec.machine)}`,
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-sandbox',
    sandbox,
    // QEMU stays, paused, after a power-off until a server has seen it, so that a power-off without a server is not taken for a crash.
    '-action',
    'shutdown=pause,reboot=reset',
    '-machine',
    'microvm,acpi=on,pit=off,pic=off,rtc=on,isa-serial=on,memory-backend=ram,suppress-vmdesc=on',
    '-accel',
    options.accelerator === 'kvm' ? 'kvm' : `tcg,thread=multi,tb-size=${options.jitCacheMiB}`,
    '-cpu',
    options.accelerator === 'kvm' ? 'host' : 'max',
    '-smp',
    String(spec.cpuCount),
    '-m',
    `${spec.ramMiB}M`,
    '-object',
    ramBackend(spec),
    '-global',
    'virtio-mmio.force-legacy=false',
    '-kernel',
    spec.kernel,
    '-initrd',
    spec.initrd,
    '-append',
    kernelCommandLine(spec, options),
    '-chardev',
    `socket,id=qmp,fd=${descriptors.qmp},server=on,wait=off`,
    '-mon',
    'chardev=qmp,mode=control',
    '-add-fd',
    // The VM's folder, for people who look at processes: nothing else on the command line names it.
    `fd=${descriptors.consoleLog},set=1,opaque=${optionValue(spec.folder)}`,
    '-chardev',
    `socket,id=console,fd=${descriptors.console},server=on,wait=off,logfile=/dev/fdset/1,logappend=on`,
    '-serial',
    'chardev:console',
    '-chardev',
    `socket,id=guest,fd=${descriptors.guest},server=on,wait=off`,
    '-chardev',
    `socket,id=wake,fd=${descriptors.wake},server=on,wait=off`,
    ...devices,
    // `-S`: machines of one run go on together when all are loaded.
    ...(spec.resume ? ['-incoming', 'defer', '-S'] : []),
  ]
}

/** `share=off` maps the file privately: what the guest writes stays in this process. */
const ramBackend = ({ ramMiB, resume }: VmSpec) =>
  resume
    ? `memory-backend-file,id=ram,size=${ramMiB}M,mem-path=${optionValue(resume.ramFile)},share=off`
    : `memory-backend-ram,id=ram,size=${ramMiB}M`

/** In QEMU's option strings a comma is written twice (qemu-options). */
const optionValue = (text: string) => text.replaceAll(',', ',,')

/** Also for measurements beside the product, which must boot the same kernel the same way. */
export function kernelCommandLine(
  spec: Pick<VmSpec, 'commandLine'>,
  { accelerator, tscKhz }: Pick<CommandLineOptions, 'accelerator' | 'tscKhz'>,
): string {
  return [
    'console=ttyS0',
    // ACPI reset hangs in about 15 % of reboots on microvm under TCG; a triple fault always works (measured).
    'reboot=t',
    'panic=10',
    ...(accelerator === 'tcg' ? tcgClock(tscKhz) : []),
    ...spec.commandLine,
  ].join(' ')
}

/**
 * `tsc_early_khz`: without it 3-6 % of boots hang in TSC calibration (measured: 92 of 92 boot with it).
 * `tsc=reliable`: the guest's only other clock is a count of its timer's ticks, of which a busy host swallows some. When those disagree the kernel believes the ticks, and
 * its clock goes slow for good (seen at a load of 10: 46 s lost in the first 2 minutes). TCG's TSC is the host's with an offset, the same on all CPUs.
 */
const tcgClock = (tscKhz: number) => [`tsc_early_khz=${tscKhz}`, 'tsc=reliable']

/** Bottom first. */
const filesOf = (source: BlockSource): { readonly file: string; readonly format: 'qcow2' | 'raw' }[] =>
  source.kind === 'raw-file'
    ? [{ file: source.file, format: 'raw' }]
    : source.files.map((file) => ({ file, format: 'qcow2' as const })).toReversed()

/** Those that a guest may have written, now or in an earlier life. */
export const qcow2Files = (drives: readonly VmDrive[]): string[] =>
  drives.flatMap(({ source }) => filesOf(source).flatMap(({ file, format }) => (format === 'qcow2' ? [file] : [])))

/** Bottom first, each node naming the one below; `backing: null` ends the chain, so names inside files are never followed. */
function driveArguments(drive: VmDrive, index: number, bus: string): string[] {
  const argv: string[] = []
  let below: string | null = null
  const files = filesOf(drive.source)
  for (const [height, { file, format }] of files.entries()) {
    const isTop = height === files.length - 1
    const readOnly = drive.readOnly || !isTop
    const node = `d${index}-${height}`
    argv.push(
      '-blockdev',
      JSON.stringify({
        driver: 'file',
        'node-name': `${node}-file`,
        filename: file,
        'read-only': readOnly,
        discard: readOnly ? 'ignore' : 'unmap',
        aio: 'threads',
        // The guest's flushes reach the disk; between them the host's page cache buffers writes.
        cache: { direct: false, 'no-flush': false },
      }),
      '-blockdev',
      JSON.stringify({
        driver: format,
        'node-name': node,
        file: `${node}-file`,
        'read-only': readOnly,
        ...(readOnly ? {} : { discard: 'unmap' }),
        ...(format === 'qcow2' ? { backing: below } : {}),
      }),
    )
    below = node
  }
  return [...argv, '-device', `virtio-blk-device,id=blk${index},drive=${below},serial=${drive.serial},${bus}`]
}
