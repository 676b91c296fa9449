import { z } from 'zod'
import { accountName, commandText, machineName, playId, seconds } from '../fields.ts'
import { firstMachineOf } from '../first-machine.ts'
import { runCommand } from '../run-command.ts'
import { sayError } from '../say-error.ts'
import { type Call, type Tool, tool } from '../tool.ts'
import { waitForPlay } from '../wait-for-play.ts'

const usualOutput = 32 * 1024
const mostOutput = 512 * 1024

/** What says how a command is run. */
const how = {
  machine: machineName,
  user: accountName,
  timeout_seconds: seconds('how long the command may take; then it is killed'),
  max_output_bytes: z
    .int()
    .min(256)
    .max(mostOutput)
    .default(usualOutput)
    .describe('of each output; of what is longer the beginning and the end are kept'),
}
type How = z.output<z.ZodObject<typeof how>>

/** Tools that run commands. */
export const commandTools: readonly Tool[] = [
  tool({
    name: 'run_shell_command',
    title: 'Run a command',
    description:
      'Runs a command in a machine of a run and answers with its exit code and output. Each call is a new shell. A client that asks for progress is sent the output as it comes.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      command: commandText,
      stdin: z
        .string()
        .max(1024 * 1024)
        .optional()
        .describe('its standard input'),
      ...how,
    }),
    run: ({ play_id, command, stdin, ...rest }, call) => runIn(call, play_id, command, rest, stdin),
  }),
  tool({
    name: 'compare_plays',
    title: 'Compare runs',
    description: 'Runs the same command in several runs at once, and groups the runs by its exit code and output.',
    scope: 'playground:run',
    input: z.object({ play_ids: z.array(playId).min(1).max(100), command: commandText, ...how }),
    async run({ play_ids, command, ...rest }, call) {
      const outcomes = await eachOf(call, play_ids, (quiet, id) => runIn(quiet, id, command, rest))
      const groups = new Map<string, { play_ids: string[]; outcome: object }>()
      for (const [at, outcome] of outcomes.entries()) {
        const key = JSON.stringify(outcome)
        const group = groups.get(key) ?? { play_ids: [], outcome }
        group.play_ids.push(play_ids[at] ?? '')
        groups.set(key, group)
      }
      return { all_the_same: groups.size === 1, groups: [...groups.values()] }
    },
  }),
  tool({
    name: 'branch_play',
    title: 'Try several ways at once',
    description:
      'Makes as many live clones of a running run as there are commands, all from the same instant, and runs one command in each. Each way goes on from the very same memory, files and processes; the run itself is left alone. Go on in the clone that did best, and destroy the others.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      commands: z.array(commandText).min(1).max(100),
      ...how,
    }),
    async run({ play_id, commands, ...rest }, call) {
      const until = Date.now() + rest.timeout_seconds * 1000
      using _ = call.counts.take(call.user, 'clone-requests')
      const request = { count: commands.length, title: undefined, start: true, live: true }
      const clones = await call.services.copies.clone(call.user, play_id, request)
      call.tell(`${clones.length} clones are made`)
      const outcomes = await eachOf(call, clones, async (quiet, clone, at) => {
        const { isReached } = await waitForPlay(quiet, clone, 'ready', Math.max(0, until - Date.now()))
        return isReached ? runIn(quiet, clone.id, commands[at] ?? '', rest) : { not_ready: true }
      })
      return { branches: outcomes.map((outcome, at) => ({ play_id: clones[at]?.id, command: commands[at], ...outcome })) }
    },
  }),
]

async function runIn(call: Call, id: string, command: string, how: How, input?: string): Promise<Record<string, unknown>> {
  const outcome = await runCommand(call, {
    playId: id,
    machine: how.machine ?? (await firstMachineOf(call, id)),
    user: how.user,
    command,
    ...(input === undefined ? {} : { input: Buffer.from(input) }),
    timeoutMs: how.timeout_seconds * 1000,
    keepBytes: how.max_output_bytes,
  })
  return {
    exit_code: outcome.exitCode,
    ...(outcome.signal === undefined ? {} : { signal: outcome.signal }),
    ...(outcome.timedOut ? { timed_out: true } : {}),
    stdout: outcome.stdout.text(),
    stderr: outcome.stderr.text(),
  }
}

/** The same in many runs at once. One that fails does not take the answers of the others away. */
async function eachOf<T>(
  call: Call,
  all: readonly T[],
  work: (quiet: Call, one: T, at: number) => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>[]> {
  let over = 0
  const quiet = { ...call, tell: () => {} }
  return Promise.all(
    all.map(async (one, at) => {
      try {
        return await work(quiet, one, at)
      } catch (error) {
        return { error: sayError(error) }
      } finally {
        over += 1
        call.tell(`${over} of ${all.length} are over`)
      }
    }),
  )
}
