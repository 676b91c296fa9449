/** Words are the program and its arguments, exactly; a text is for the login shell of the user. */
export type CommandLine = string | readonly string[]

export interface RunOptions {
  /** Default: the machine's default user. */
  readonly user?: string | undefined
  /** Kills the command. */
  readonly signal?: AbortSignal | undefined
}

export interface ExecOptions extends RunOptions {
  /** Its standard input; absent: empty. */
  readonly input?: string | Uint8Array | undefined
  /** Throws `command_failed` when it does not exit with 0. */
  readonly check?: boolean
}

export interface ExecResult {
  readonly exitCode: number
  /** Set when a signal ended it. */
  readonly signal?: string | undefined
  readonly stdout: string
  readonly stderr: string
  /** Standard output as it came. */
  readonly bytes: Uint8Array
}
