import type { Duplex } from 'node:stream'

/** A Vmm turns a description of one VM into a process that outlives the server. Several kinds can live in one host; each machine has one of them. */

export type Accelerator = 'kvm' | 'tcg' | 'fake'

/** What a Vmm may be able to do beyond the rest; asked before use, shown by `ramet doctor`. */
export type VmmCapability = 'add-layer' | 'snapshot' | 'resume'

export interface VmDrive {
  /** virtio-blk serial, at most 20 characters; the guest finds drives by order (vda, vdb…) and by this. */
  readonly serial: string
  readonly readOnly: boolean
  readonly source: BlockSource
}

/**
 * Where a drive's blocks come from. `qcow2-chain`: an explicit graph, the overlay first and what it stands on below; nothing is read from backing names inside files.
 * A Vmm refuses a kind that it does not know.
 */
export type BlockSource =
  | { readonly kind: 'qcow2-chain'; readonly files: readonly [string, ...string[]] }
  | { readonly kind: 'raw-file'; readonly file: string }

/** Memory, devices and CPUs of one VM as a snapshot keeps them. */
export interface VmMemory {
  /** As long as the VM's RAM, sparse. Mapped privately by each VM that resumes from it: never changed, but unlinked or replaced. */
  readonly ramFile: string
  /** Everything else; small. */
  readonly stateFile: string
}

/** A new, empty file that becomes a drive's overlay at the cut; owned by the VM's user. */
export interface VmOverlay {
  readonly driveIndex: number
  readonly file: string
}

export interface VmInterface {
  /** Name of the tap in the VM's namespace. */
  readonly tap: string
  readonly mac: string
}

export interface VmSpec {
  /** Full run id and machine name: QEMU's `-name`, and how an adopted process is checked to be the right one. */
  readonly runId: string
  readonly machine: string
  /** Of this VM alone, owned by the unprivileged user: sockets, pid file, console log. Must exist. Socket paths must stay below 108 bytes (unix(7)). */
  readonly folder: string
  readonly cpuCount: number
  readonly ramMiB: number
  readonly kernel: string
  readonly initrd: string
  /** Added to the kernel command line after the Vmm's own words. */
  readonly commandLine: readonly string[]
  readonly drives: readonly VmDrive[]
  readonly interfaces: readonly VmInterface[]
  /** Goes on from there instead of booting, paused until `goOn`. The rest of the spec must be that of the VM it was taken of; a reboot inside boots from it. */
  readonly resume?: VmMemory
  /** Network namespace (of `ip netns`) to run in; absent: the host's, only for VMs without interfaces. */
  readonly namespace?: string
  /** Control groups (folders) that the process is in from its first moment on. */
  readonly groups?: readonly string[]
}

/** Opens a byte stream into the VM that needs no network; one at a time. How it is carried (virtio-serial, vsock) is the Vmm's. Rejects when the VM is off. */
export type VmPort = () => Promise<Duplex>

export interface VmPorts {
  /** To the platform's sshd in the guest. */
  readonly ssh: VmPort
  /** To the platform's helper for resumed guests (guest/wake). */
  readonly wake: VmPort
  /** The serial console. Everything also goes to the console log. */
  readonly console: VmPort
}

/**
 * powered-off: the guest shut down in order. killed: the process ended by a signal or by `kill()`. crashed: it ended by itself otherwise.
 * Known also when it happened while no server was there: a VM whose guest powered off lingers until somebody looked.
 */
export type VmEnd = 'powered-off' | 'killed' | 'crashed'

export interface Vm {
  readonly pid: number
  readonly ports: VmPorts
  /** Settles once, when the VM's process is gone. */
  readonly ended: Promise<VmEnd>
  /** Called at each reset (a reboot from inside, or a triple fault). Returns the way to stop listening. */
  onReset(listener: () => void): () => void
  /** Called when the guest is paused since the host's disk is full, and when it goes on; at once when it is paused so now. */
  onSpace(listener: (waits: boolean) => void): void
  /** Asks the guest to shut down (ACPI power button). */
  pressPowerButton(): Promise<void>
  /** Ends the process at once (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>
  /** Puts a new empty overlay above the drive's current overlay while the guest runs (capability `add-layer`). `file` exists and is owned by the VM's user. */
  addLayer(driveIndex: number, file: string): Promise<void>
  /** Begins a cut (capability `snapshot`), one at a time. The files must not exist. On failure the guest runs as before. */
  beginCut(into: VmMemory, overlays: readonly VmOverlay[]): Promise<VmCut>
  /** False: paused, by a cut, by a resume, or because the server that paused it is gone. */
  isRunning(): Promise<boolean>
  /** Lets a paused guest go on, and cancels what is left of a cut whose server is gone. Repeating it changes nothing. */
  goOn(): Promise<void>
  /** The file that is each drive's overlay now, in order of drives: after a cut that was broken off, whether it has a new one. */
  overlayFiles(): Promise<readonly string[]>
  /** Lets go of control connections without touching the VM. */
  release(): void
}

/**
 * One VM's part in a snapshot; `snapshot/take.ts` leads those of a whole run through it, in this order. Every promise rejects when the VM or its copying
 * fails; whoever holds it calls `cancel` then.
 */
export interface VmCut {
  /** Copies the memory while the guest runs, but for a moment at the beginning; resolves when little is left, and waits there. */
  copyMemory(): Promise<void>
  /** Stops the guest. */
  pause(): Promise<void>
  /** Puts the overlays on the drives and copies what is left of the memory or was written meanwhile. The guest is paused. */
  cutDrives(): Promise<void>
  /** Saves devices and CPUs. The guest stays paused, and nothing is left to be cancelled but the files. */
  saveDevices(): Promise<CutFigures>
  /** Gives the files their names: whole, though not yet durable, and readable to the VM's user. */
  publish(): Promise<void>
  /** Cancels: the memory's files are gone, the guest is as `pause` left it, drives that have their new overlay keep it. Never rejects. */
  cancel(): Promise<void>
}

export interface CutFigures {
  /** Copied in all, and of it while the guest was paused. */
  readonly copiedBytes: number
  readonly pausedBytes: number
  readonly stateBytes: number
  /** How long the guest stood when the copying began. */
  readonly firstPauseMs: number
}

/** Thrown by nothing, returned by `find`: what is left of a VM that ended while no server looked. */
export interface VmRemains {
  readonly end: VmEnd
}

/** Enough to find a VM again. */
export type VmIdentity = Pick<VmSpec, 'runId' | 'machine' | 'folder'>

export interface Vmm {
  readonly name: string
  /** Null until the boot probe has decided. */
  readonly accelerator: Accelerator | null
  readonly capabilities: ReadonlySet<VmmCapability>
  /** What one VM may take of the host's memory besides its RAM. Undecided yet counts as the accelerator that takes more. */
  readonly overheadMiB: number
  /** Resolves when the process runs and answers on its control socket. On failure nothing is left. */
  start(spec: VmSpec): Promise<Vm>
  /** Finds the VM again after the server was gone, by pid file, start time, name and control socket. Undefined: never started here (no pid file). */
  find(identity: VmIdentity): Promise<Vm | VmRemains | undefined>
  /** Serial logs, oldest first, one a boot (a reboot from inside begins a new one). */
  consoleLogs(spec: Pick<VmSpec, 'folder'>): Promise<readonly ConsoleLog[]>
}

export interface ConsoleLog {
  readonly name: string
  read(): Promise<string>
}
