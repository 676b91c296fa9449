import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** The least that Node can do: a server without any library. What it takes is not ours to save. */
export const bareNodeServer = `require('node:http').createServer((_, answer) => answer.end('{}')).listen(Number(process.env.RAMET_PORT), '127.0.0.1')`

export const bareNodeArguments = ['-e', bareNodeServer]

export function spawnNode(args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'ignore' })
}

/** Ends it by SIGTERM, as an operator does. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Asks every 2 ms until the answer is 200; milliseconds since `began`. */
export async function firstAnswer(port: number, path: string, began: number, withinMs = 60_000): Promise<number> {
  while (performance.now() - began < withinMs) {
    if ((await statusOf(port, path)) === 200) return performance.now() - began
    await delay(2)
  }
  throw new Error(`nothing answered on port ${port} within ${withinMs} ms`)
}

function statusOf(port: number, path: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const asked = request({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
    answer.resume()
    resolve(answer.statusCode)
  })
  asked.on('error', () => resolve(undefined))
  asked.end()
  return promise
}
