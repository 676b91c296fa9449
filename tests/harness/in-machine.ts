import type { TestServer } from './server.ts'

const longestMs = 20 * 60_000

/** What a command in a machine printed, without blanks around it. Through the API: a CLI process for each of many commands costs more than the commands. Throws with what it said. */
export async function inMachine(server: TestServer, id: string, machine: string, command: string): Promise<string> {
  const stream = (await server.client()).exec(id, machine, { command })
  const said = { stdout: '', stderr: '' }
  const decoder = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  stream.onOutput((channel, bytes) => {
    said[channel] += decoder[channel].decode(bytes, { stream: true })
  })
  const late = AbortSignal.timeout(longestMs)
  late.addEventListener('abort', () => stream.close(), { once: true })
  const { code } = await stream.exit
  if (code !== 0) throw new Error(`${machine} of ${id}: ${command}: exit ${code}: ${said.stderr}${said.stdout}`)
  return said.stdout.trim()
}
