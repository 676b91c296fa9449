import assert from 'node:assert/strict'
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFakeHost } from '@ramet/engine/testing'
import { pino } from 'pino'
import { readConfig } from '../config.ts'
import { startServer } from './server.ts'

const silent = pino({ level: 'silent' })

/** Files below `home` that this process has open. */
async function openFiles(home: string): Promise<string[]> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return links.filter((file) => file.startsWith(home))
}

test('a start that fails half-way lets go of all it had opened, and the next one succeeds', { timeout: 60_000 }, async (t) => {
  // Short, since socket paths below it are bounded.
  const home = await mkdtemp('/var/tmp/rt-')
  t.after(() => rm(home, { recursive: true, force: true }))
  const config = (port: number) => readConfig(['--home', home, '--cache', join(home, 'cache'), '--port', String(port)], {})
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.after(() => taken.close())
  let hosts = 0
  const openHost: typeof openFakeHost = async (options) => {
    const host = await openFakeHost(options)
    hosts += 1
    const close = async () => {
      hosts -= 1
      await host.close()
    }
    return { ...host, close }
  }

  const { port } = taken.address() as AddressInfo
  await assert.rejects(startServer(config(port), silent, openHost), { code: 'port_taken' })
  assert.equal(hosts, 0, 'the host is still open')
  assert.deepEqual(await openFiles(home), [])

  const server = await startServer(config(0), silent, openHost)
  assert.equal((await fetch(`${server.endpoint}/api/health`)).status, 200)
  await server.close()
  assert.equal(hosts, 0)
  assert.deepEqual(await openFiles(home), [])
})
