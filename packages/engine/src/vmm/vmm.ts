import type { Duplex } from 'node:stream'

/** A Vmm turns a description of one VM into a process that outlives the server. Several kinds can live in one host; each machine has one of them. */

export type Accelerator = 'kvm' | 'tcg' | 'fake'

/** Optional abilities of a Vmm. Callers check them before use, and `ramet doctor` shows them. */
export type VmmCapability = 'add-layer' | 'snapshot' | 'resume'

export interface VmDrive {
  /** virtio-blk serial, at most 20 characters; the guest finds drives by order (vda, vdb…) and by this. */
  readonly serial: string
  readonly readOnly: boolean
  readonly source: BlockSource
}

/**
 * Where a drive's blocks come from. `qcow2-chain`: an explicit graph, topmost file first; backing names inside files are never read.
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

/** A new, empty file that becomes a drive's overlay at the cut, in the folder of the VM's other overlays. */
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
  /** Folder of this VM alone, owned by root: sockets, record, console logs. Must exist. Socket paths must stay below 108 bytes (unix(7)). */
  readonly folder: string
  readonly cpuCount: number
  readonly ramMiB: number
  readonly kernel: string
  readonly initrd: string
  /** Added to the kernel command line after the Vmm's own parameters. */
  readonly commandLine: readonly string[]
  readonly drives: readonly VmDrive[]
  readonly interfaces: readonly VmInterface[]
  /** Memory to resume instead of booting; the VM is paused until `goOn`. The rest of the spec must equal that of the captured VM, and a reboot inside boots from it. */
  readonly resume?: VmMemory
  /** Network namespace (of `ip netns`) to run in; absent: the host's, only for VMs without interfaces. */
  readonly namespace?: string
  /** Control groups (folders) that the process is in from its first moment on. */
  readonly groups?: readonly string[]
}

/** Opens a byte stream into the VM that needs no network; one at a time. The Vmm chooses the transport (virtio-serial, vsock). Rejects when the VM is off. */
export type VmPort = () => Promise<Duplex>

export interface VmPorts {
  /** To the platform's agent in the guest (guest/link). */
  readonly channel: VmPort
  /** To the platform's helper for resumed guests (guest/wake). */
  readonly wake: VmPort
  /** The serial console. Everything also goes to the console log. */
  readonly console: VmPort
}

/**
 * powered-off: the guest shut down in order. killed: the process ended by a signal or by `kill()`. crashed: it ended by itself otherwise.
 * The end is known even if no server ran then: a VM whose guest powered off stays until a server has seen it.
 */
export type VmEnd = 'powered-off' | 'killed' | 'crashed'

export interface Vm {
  readonly pid: number
  readonly ports: VmPorts
  /** Settles once, when the VM's process is gone. */
  readonly ended: Promise<VmEnd>
  /** Calls the listener at each reset (a reboot from inside, or a triple fault). Returns a function that stops this. */
  onReset(listener: () => void): () => void
  /** Calls the listener when the guest is paused because the host's disk is full, and when it goes on; at once if it is paused for that now. */
  onSpace(listener: (waits: boolean) => void): void
  /** Asks the guest to shut down (ACPI power button). */
  pressPowerButton(): Promise<void>
  /** Ends the process at once (SIGKILL); resolves when it is gone. */
  kill(): Promise<void>
  /** Puts a new empty overlay above the drive's current overlay while the guest runs (capability `add-layer`). `file` exists, in the folder of its other overlays. */
  addLayer(driveIndex: number, file: string): Promise<void>
  /** Begins a cut (capability `snapshot`), one at a time. The files must not exist. On failure the guest runs as before. */
  beginCut(into: VmMemory, overlays: readonly VmOverlay[]): Promise<VmCut>
  /** False when the VM is paused: by a cut, by a resume, or by a server that is gone. */
  isRunning(): Promise<boolean>
  /** Lets a paused guest go on, and cancels an interrupted cut of a former server. Idempotent. */
  goOn(): Promise<void>
  /** Current overlay file of each drive, in order. After an interrupted cut it tells which drives have a new one. */
  overlayFiles(): Promise<readonly string[]>
  /** The end of what it has printed on its serial line since it was started; empty: nothing. Also after its end. */
  printed(): Promise<string>
  /** Closes control connections without touching the VM. */
  release(): void
}

/**
 * One VM's part in a snapshot. `snapshot/take.ts` calls these methods for all VMs of a run, in this order. Every promise rejects when the VM or its copying
 * fails; the caller then calls `cancel`.
 */
export interface VmCut {
  /** Copies the memory while the guest runs, except for a short pause at the beginning. Resolves when little is left, and waits there. */
  copyMemory(): Promise<void>
  /** Pauses the guest. */
  pause(): Promise<void>
  /** Puts the overlays on the drives and copies what is left of the memory or was written meanwhile. The guest is paused. */
  cutDrives(): Promise<void>
  /** Saves devices and CPUs. The guest stays paused, and only the files are left to cancel. */
  saveDevices(): Promise<CutFigures>
  /** Gives the files their names: whole, though not yet durable, and never written again. */
  publish(): Promise<void>
  /** Cancels the cut: removes the memory files. The guest is as `pause` left it, and drives that have their new overlay keep it. Never rejects. */
  cancel(): Promise<void>
}

export interface CutFigures {
  /** Bytes copied in all, and how many of them while the guest was paused. */
  readonly copiedBytes: number
  readonly pausedBytes: number
  readonly stateBytes: number
  /** How long the guest was paused when the copying began. */
  readonly firstPauseMs: number
}

/** Returned by `find` for a VM that ended while no server ran. */
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
  /** The most host memory that one VM uses besides its RAM. An undecided accelerator counts as the one that uses more. */
  readonly overheadMiB: number
  /** Resolves when the process runs and answers on its control socket. On failure nothing is left. */
  start(spec: VmSpec): Promise<Vm>
  /** Finds the VM again after the server was gone, by its record (pid, start time, boot) and control socket. Undefined: never started here (no record). */
  find(identity: VmIdentity): Promise<Vm | VmRemains | undefined>
  /** Serial logs, oldest first, one for each boot (a reboot from inside begins a new one). `only`: just the one with that name, which costs less. */
  consoleLogs(spec: Pick<VmSpec, 'folder'>, only?: string): Promise<readonly ConsoleLog[]>
}

export interface ConsoleLog {
  readonly name: string
  read(): Promise<string>
}
