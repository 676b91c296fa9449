import type { Accelerator, BlockSource, VmDrive, VmSpec } from '../vmm.ts'
import { vmFiles, vmName } from './vm-files.ts'

export interface CommandLineOptions {
  readonly qemu: string
  readonly accelerator: Accelerator
  /** Unprivileged user that QEMU becomes after it opened taps, /dev/kvm and files. */
  readonly user: string
  /** Frequency of the host's time stamp counter. */
  readonly tscKhz: number
  /** Bound of the code cache of TCG. */
  readonly jitCacheMiB: number
  readonly consoleLog: string
}

/** microvm with ACPI has two I/O APICs and 24 virtio-mmio transports (hw/i386/microvm.c). */
export const transports = 24

/** Builds the whole argv of one VM; pure. The order of devices is explicit: guests find the transports of microvm from the last to the first (measured). */
export function qemuCommandLine(spec: VmSpec, options: CommandLineOptions): [string, ...string[]] {
  const files = vmFiles(spec.folder)
  let transport = 0
  const bus = () => `bus=virtio-mmio-bus.${transports - 1 - transport++}`
  const devices = [
    ...spec.drives.flatMap((drive, index) => driveArguments(drive, index, bus())),
    ...spec.interfaces.flatMap(({ tap, mac }, index) => [
      '-netdev',
      `tap,id=net${index},ifname=${tap},script=no,downscript=no,vhost=off`,
      '-device',
      `virtio-net-device,id=nic${index},netdev=net${index},mac=${mac},${bus()}`,
    ]),
    '-device',
    `virtio-serial-device,id=serial,max_ports=4,${bus()}`,
    '-device',
    'virtserialport,id=ssh-port,chardev=guest,name=ramet.ssh,nr=1',
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
    // `elevateprivileges=deny` would end QEMU 7.2 by SIGSYS at its own `-runas` (measured). After that it has no capability left, may not execve
    // (`spawn=deny`) and could not gain anything by it (no_new_privs, set by setpriv before): the calls it keeps lead nowhere.
    '-sandbox',
    'on,obsolete=deny,spawn=deny,resourcecontrol=deny',
    '-runas',
    options.user,
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
    `socket,id=qmp,path=${optionValue(files.qmp)},server=on,wait=off`,
    '-mon',
    'chardev=qmp,mode=control',
    '-chardev',
    `socket,id=console,path=${optionValue(files.console)},server=on,wait=off,logfile=${optionValue(options.consoleLog)},logappend=on`,
    '-serial',
    'chardev:console',
    '-chardev',
    `socket,id=guest,path=${optionValue(files.guest)},server=on,wait=off`,
    '-chardev',
    `socket,id=wake,path=${optionValue(files.wake)},server=on,wait=off`,
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
