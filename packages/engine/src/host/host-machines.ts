import type { Duplex } from 'node:stream'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import type { TaskSight } from '../guest/agent/guest-task.ts'
import type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions, ToolResult } from '../guest/guest.ts'

/** A machine of a run. */
export interface MachineName {
  readonly runId: string
  readonly machine: string
}

/** One that may be off: its files go by its place in the plan. */
export interface MachinePlace extends MachineName {
  readonly index: number
}

/**
 * Ways into machines that are on. A connection that was just lost (a reboot, a new server) is waited for some seconds. Each throws `machine_unreachable` when the machine
 * is off or does not answer.
 */
export interface HostMachines {
  /** A command of a user's, streams and all. */
  exec(machine: MachineName, command: string, options: ExecOptions): Promise<GuestProcess>
  /** Attaches to the shell of that session, which goes on when nobody is attached. */
  terminal(machine: MachineName, session: string, options: TerminalOptions): Promise<GuestTerminal>
  /** The raw serial line; one holder at a time. */
  console(machine: MachineName): Promise<Duplex>
  /** Names of the serial logs, oldest first, one a boot; also of a machine that is off. */
  consoleLogs(machine: MachinePlace): Promise<string[]>
  readConsoleLog(machine: MachinePlace, log: string): Promise<string | undefined>
  /**
   * A TCP connection to a port of the machine: by its address on the host, or from inside when the service listens on the machine's loopback alone. Throws `port_closed`
   * when nothing listens there.
   */
  dial(machine: MachineName, port: number): Promise<Duplex>
  /** Whether a command runs in it within so many milliseconds. Never throws. */
  answers(machine: MachineName, withinMs: number): Promise<boolean>
  /** A shell command of the platform's, as root, to its end; what it prints is bounded. */
  run(machine: MachineName, command: string, options?: { readonly timeoutMs?: number }): Promise<ToolResult>
  /** Resolves when all that its image starts by itself is up, or after so many seconds. */
  settled(machine: MachineName, withinSeconds: number): Promise<void>

  /** Begins a task, unless it was begun in this boot before; tasks go on whatever becomes of the caller. Returns why it cannot be begun: a user that does not exist. */
  beginTask(runId: string, task: PlanTask): Promise<{ readonly refused?: string; readonly exitCode?: number }>
  lookAtTask(runId: string, task: PlanTask): Promise<TaskSight>
  /** As `lookAtTask`, once it has ended. */
  awaitTask(runId: string, task: PlanTask): Promise<TaskSight>
}
