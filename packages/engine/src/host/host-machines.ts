import type { Duplex } from 'node:stream'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import type { TaskSight } from '../guest/agent/guest-task.ts'
import type { ScriptEnd, TaskScript } from '../guest/agent/try-script.ts'
import type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions, ToolResult } from '../guest/guest.ts'

/** A machine of a run. */
export interface MachineName {
  readonly runId: string
  readonly machine: string
}

/** A machine that may be off. Its files are named by its index in the plan. */
export interface MachinePlace extends MachineName {
  readonly index: number
}

/**
 * Access to machines that are on. After a lost connection (a reboot, a new server) each call waits some seconds for a new one. Each throws `machine_unreachable` when the machine
 * is off or does not answer.
 */
export interface HostMachines {
  /** Runs a command of a user with its streams. */
  exec(machine: MachineName, command: string, options: ExecOptions): Promise<GuestProcess>
  /** Attaches to the shell of a session. The shell goes on when nobody is attached. */
  terminal(machine: MachineName, session: string, options: TerminalOptions): Promise<GuestTerminal>
  /** Opens the raw serial line; one holder at a time. */
  console(machine: MachineName): Promise<Duplex>
  /** Names of the serial logs, oldest first, one for each boot. The machine may be off. */
  consoleLogs(machine: MachinePlace): Promise<string[]>
  readConsoleLog(machine: MachinePlace, log: string): Promise<string | undefined>
  /**
   * Opens a TCP connection to a port of the machine, also when the service listens only on the machine's loopback. Throws `port_closed`
   * when nothing listens there.
   */
  dial(machine: MachineName, port: number): Promise<Duplex>
  /**
   * Opens a UDP flow to a port of the machine, by its address on the host: each chunk is one datagram, both ways. What listens on the machine's loopback alone is not reached, and
   * nothing tells whether anybody listens: what nobody takes is lost.
   */
  datagrams(machine: MachineName, port: number): Promise<Duplex>
  /** True when a command runs in the machine within so many milliseconds. Never throws. */
  answers(machine: MachineName, withinMs: number): Promise<boolean>
  /** Runs a shell command of the platform as root to its end; its output is bounded. */
  run(machine: MachineName, command: string, options?: { readonly timeoutMs?: number }): Promise<ToolResult>
  /** Resolves when all services that the image starts are up, or after so many seconds. */
  settled(machine: MachineName, withinSeconds: number): Promise<void>

  /** Begins a task unless it was begun in this boot already. It goes on without the caller. Returns why it cannot begin: its user does not exist. */
  beginTask(runId: string, task: PlanTask): Promise<{ readonly refused?: string; readonly exitCode?: number }>
  lookAtTask(runId: string, task: PlanTask): Promise<TaskSight>
  /** Waits for the end of a task, then answers as `lookAtTask`. */
  awaitTask(runId: string, task: PlanTask): Promise<TaskSight>
  /** Runs a script of a repeated task to its end. It ends with the caller's connection, or when the signal fires: then with its reason. Returns why it cannot run: its user does not exist. */
  tryScript(machine: MachineName, script: TaskScript, signal: AbortSignal): Promise<ScriptEnd | { readonly refused: string }>
}
