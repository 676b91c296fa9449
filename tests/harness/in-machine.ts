import type { Finished } from './processes.ts'
import type { TestServer } from './server.ts'

const longestMs = 20 * 60_000

/**
 * A command in a machine, by default its run's first, as its default user. Never throws for an exit code. Through the API: a CLI process for each of many
 * commands costs more than the commands.
 */
export async function tellMachine(
  server: TestServer,
  id: string,
  machine: string | undefined,
  command: string,
  options: { user?: string; timeoutMs?: number } = {},
): Promise<Finished> {
  const client = await server.client()
  const name = machine ?? (await client.plays.get(id)).machines[0]?.name ?? ''
  const { user, timeoutMs = longestMs } = options
  const stream = client.exec(id, name, { command, ...(user === undefined ? {} : { user }) })
  const said = { stdout: '', stderr: '' }
  const decoder = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  stream.onOutput((channel, bytes) => {
    said[channel] += decoder[channel].decode(bytes, { stream: true })
  })
  const late = setTimeout(() => stream.close(), timeoutMs)
  try {
    return { code: (await stream.exit).code, ...said }
  } finally {
    clearTimeout(late)
  }
}

/** What a command in a machine printed, without blanks around it. Throws with what it said when it fails. */
export async function inMachine(server: TestServer, id: string, machine: string | undefined, command: string): Promise<string> {
  const { code, stdout, stderr } = await tellMachine(server, id, machine, command)
  if (code !== 0) throw new Error(`${machine ?? 'the machine'} of ${id}: ${command}: exit ${code}: ${stderr}${stdout}`)
  return stdout.trim()
}

/** A number in the guest that only a boot changes. */
export const bootOf = (server: TestServer, id: string, machine?: string): Promise<string> =>
  inMachine(server, id, machine, 'cat /proc/sys/kernel/random/boot_id')
