import type { Duplex, Readable, Writable } from 'node:stream'
import type { Vm, VmPorts } from '../vmm/vmm.ts'

/** What a link to a guest needs to know of its VM. */
export interface WithPort<Name extends keyof VmPorts> {
  readonly ports: Pick<VmPorts, Name>
}

/** A command in the guest. Streams end when it does; backpressure reaches the guest. */
export interface GuestProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<{ code: number; signal?: string }>
  resize(cols: number, rows: number): void
  signal(name: 'INT' | 'TERM' | 'HUP' | 'QUIT' | 'KILL'): void
  /** Closes the channel; the command gets HUP. */
  close(): void
}

export interface ExecOptions {
  /** Default root. */
  readonly user?: string
  readonly pty?: { readonly term: string; readonly cols: number; readonly rows: number }
}

export interface TerminalOptions {
  readonly user: string
  readonly cols: number
  readonly rows: number
}

/** A shell that the session keeper in the guest keeps. Closing this does not end the shell. */
export interface GuestTerminal {
  /** Scrollback first, then what the shell prints. */
  readonly output: Readable
  readonly input: Writable
  /** True when the shell was already there. */
  readonly resumed: boolean
  /** Settles when the shell ended; rejects when the connection was lost first. */
  readonly exit: Promise<{ code: number; signal?: string }>
  resize(cols: number, rows: number): void
  close(): void
}

/** One multiplexed connection to one machine, held by the server for as long as the machine is on; reconnects by itself (reboot, new server). */
export interface GuestLink {
  /** Resolves when the platform's agent in the guest answers. Rejects when the signal fires. */
  ready(signal: AbortSignal): Promise<void>
  /** False also while the guest answers nothing on an open connection: it is asked at intervals, unless its VM stands still. Ready again when it answers. */
  readonly isReady: boolean
  /** Why it is not ready: a sentence about the machine that begins with `it`. Undefined while it is ready. */
  readonly lastWhy: string | undefined
  /** Called at each change of `isReady`; `why` is `lastWhy`. Returns a function that stops this. */
  onChange(listener: (isReady: boolean, why?: string) => void): () => void
  /** `command` goes to the user's login shell as -c; empty: an interactive login shell. */
  exec(command: string, options?: ExecOptions): Promise<GuestProcess>
  /** Runs a small command of the platform to its end; time and output are bounded. */
  run(command: string, options?: { user?: string; timeoutMs?: number; stdin?: string }): Promise<ToolResult>
  /** Runs one of the platform's programs in the guest as root to its end: `keeper`, `power-off`, `busybox`. Bounded as `run`. Hung up, and rejected with its reason, when `signal` fires. */
  tool(argv: readonly [string, ...string[]], options?: ToolOptions): Promise<ToolResult>
  terminal(session: string, options: TerminalOptions): Promise<GuestTerminal>
  /** Opens a TCP connection to a port on the guest's loopback; undefined when nothing listens there. */
  dial(port: number): Promise<Duplex | undefined>
  close(): void
}

export interface ToolOptions {
  readonly timeoutMs?: number
  readonly stdin?: string
  readonly signal?: AbortSignal
}

export interface ToolResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface LinkOptions {
  /**
   * The link sends nothing to the guest before this is fulfilled, and never connects when it is rejected. For a resumed VM `wake` decides, since
   * what is run before that has the same random numbers as in every other VM resumed from that memory.
   */
  readonly awake?: Promise<unknown>
  /** True while the VM's process was stopped on purpose. Its silence says nothing then. */
  readonly standsStill?: () => boolean
}

export interface WakeOptions {
  /** UUID of this resume, readable by everybody in the guest in /run/ramet/epoch. */
  readonly epoch: string
  /** Default 20 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Called once the generator is reseeded. Commands are safe from then on, while the clock may still be set. */
  readonly onReseeded?: () => void
}

export interface Woken {
  /** How far the guest's wall clock was ahead of the host's when it was last asked: within 50 ms on a host that is not overloaded, never beyond 500. */
  readonly clockOffMs: number
}

export interface Guests {
  link(vm: Vm, options?: LinkOptions): GuestLink
  /** Wakes a resumed guest before anybody uses it (see wake.ts). Throws `machine_unreachable` when the guest does not answer in time. */
  wake(vm: WithPort<'wake'>, options: WakeOptions): Promise<Woken>
  /**
   * Gives a guest that began with another's memory and drives its own identity: machine-id, ssh host keys if it has any, random seed. Call it
   * over its link before anybody else uses it. Throws `machine_unreachable`.
   */
  renewIdentity(link: GuestLink): Promise<void>
  /** The raw serial line. */
  console(vm: Vm): Promise<Duplex>
}

export interface OnceConfig {
  /** `ask`: the host is asked before anything, at each boot (first-boot.ts), since a reboot inside boots with the same configuration. `yes`, `no`: nobody is asked. */
  readonly allowed: 'ask' | 'yes' | 'no'
  /** Users and startup files are due. */
  readonly setUp: boolean
  readonly growRoot: boolean
}

/** What the platform's init in the guest needs to know; becomes a small cpio appended to the kernel pack's initramfs (`boot-files.ts`). */
export interface BootConfig {
  readonly hostname: string
  /** Lines of /etc/hosts beyond localhost: every machine by `name` and `name.network`. */
  readonly hosts: readonly { readonly address: string; readonly names: readonly string[] }[]
  readonly interfaces: readonly {
    readonly name: string
    readonly mac: string
    readonly address: string
    readonly prefixLength: number
    /** Present on at most one interface: the default route. */
    readonly gateway?: string
  }[]
  readonly nameservers: readonly string[]
  readonly users: readonly { readonly name: string; readonly welcome?: string }[]
  readonly startupFiles: readonly {
    readonly path: string
    readonly content: string
    readonly append: boolean
    readonly owner: string
    readonly mode: string
  }[]
  /** What is done at most once in a lineage, and who says so. */
  readonly once: OnceConfig
  /** A word of this run, when it was asked to set everything up again. */
  readonly rerun?: string | undefined
  /** In guest order after the root drive. `device`: vdb…; mounted when it has a mount point. */
  readonly drives: readonly {
    readonly device: string
    readonly mount?: string
    readonly filesystem?: string
    readonly readOnly: boolean
    /** Its filesystem is to fill it. */
    readonly grow: boolean
  }[]
  /** The root's filesystem lies in a partition of its drive. */
  readonly isPartitioned: boolean
  /** It boots the kernel that its root drive has. */
  readonly hasOwnKernel: boolean
  /** virtio-blk serial of the modules drive. */
  readonly modulesSerial: string
  /** No shell of ours on the serial line. */
  readonly isClosed: boolean
}
