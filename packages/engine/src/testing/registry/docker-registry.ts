import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Debian's `docker-registry` on a free port of this machine, with an empty store. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  readonly endpoint: string
  stop(): Promise<void>
}

export interface DockerRegistryOptions {
  /** More of its configuration, as YAML at the top level. */
  readonly more?: string
  /** A folder of the caller's for what it stores; default: one of its own, removed with it. */
  readonly store?: string
  /** Below `http:`, indented by two. */
  readonly http?: string
}

export async function startDockerRegistry({ more = '', http = '', store }: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-registry-'))
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const settings = join(folder, 'config.yml')
  await writeFile(
    settings,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${store ?? join(folder, 'store')}}}\nhttp:\n  addr: ${host}\n  secret: test\n${http}${more}`,
  )
  const child = spawn('docker-registry', ['serve', settings], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => (said = `${said}${chunk}`.slice(-2000)))
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`${error.message}: apt-get install docker-registry`))
    child.on('exit', () => resolve(said))
  })
  const scheme = http.includes('tls:') ? 'https' : 'http'
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  for (let tries = 0; !(await listens(port)); tries++) {
    const over = await Promise.race([ended, delay(20).then(() => undefined)])
    if (over === undefined && tries < 500) continue
    await stop()
    throw new Error(`no registry: ${over ?? 'it does not listen'}`)
  }
  return { host, endpoint: `${scheme}://${host}`, stop }
}

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
