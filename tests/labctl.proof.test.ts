import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { run } from '@ramet/engine'
import { fetchGo } from '@ramet/engine/testing'
import { type Finished, finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** The newest when this was written. */
const module = 'github.com/iximiuz/labctl@v0.1.107'
const buildMs = 30 * 60_000

const manifest = `kind: playground
title: Made by labctl
description: One machine with a task.
categories: [linux]
playground:
  networks: [{ name: local, subnet: 172.16.0.0/24 }]
  machines:
    - name: debian-01
      users: [{ name: root }, { name: laborant, default: true }]
      drives: [{ source: debian-stable, mount: /, size: 8GiB }]
      network: { interfaces: [{ network: local }] }
  initTasks:
    seed: { init: true, machine: debian-01, run: touch /seeded }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

/**
 * iximiuz's own labctl, unmodified, against this server with a real VM. It is built of its public module (into a temporary folder), or is the program that RAMET_LABCTL names. The tests
 * build on each other, in order, and print `ok` for each verb.
 */
describe('labctl itself', { concurrency: false }, () => {
  const server = new TestServer({ env: { RAMET_HTTPS_PORT: '0' } })
  let folder = ''
  let labctl = process.env.RAMET_LABCTL ?? ''
  let endpoint = ''
  let id = ''
  let name = ''

  const call = (args: readonly string[], stdin?: string): Promise<Finished> =>
    finish([labctl, ...args], {
      timeoutMs: 300_000,
      env: { HOME: folder, SSL_CERT_FILE: join(folder, 'ramet.pem') },
      ...(stdin === undefined ? {} : { stdin }),
    })
  /** What it printed. Fails with what it said. */
  async function ok(args: readonly string[], wanted = /^/, stdin?: string): Promise<string> {
    const { code, stdout, stderr } = await call(args, stdin)
    assert.equal(code, 0, `labctl ${args.join(' ')}: exit ${code}: ${stderr}${stdout}`)
    assert.match(stdout + stderr, wanted, `labctl ${args.join(' ')}`)
    console.log(`ok ${args.filter((_, at) => args[at - 1] !== '-t').join(' ')}`)
    return stdout.trim()
  }

  before(
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'labctl-'))
      if (labctl === '') labctl = await build(folder)
      await server.start()
      await server.ok('ca', '-o', join(folder, 'ramet.pem'))
      const { port } = await (await server.client()).tls()
      endpoint = `https://localhost:${port}`
      await writeFile(join(folder, 'lab.yaml'), manifest)
    },
    { timeout: buildMs },
  )
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('logs in without a browser, and knows who it is', async () => {
    await ok(['--endpoint', endpoint, 'auth', 'login', '-s', 'any', '-t', await server.token()])
    await ok(['auth', 'whoami'], /id:/)
    await ok(['auth', 'token', '--name', 'proof', '-q'], /\S/)
  })

  test('creates, shows, changes and lists a playground', async () => {
    name = await ok(
      ['playground', 'create', 'made-by-labctl', '-b', 'flexbox', '-f', join(folder, 'lab.yaml'), '-q'],
      /made-by-labctl/,
    )
    await ok(['playground', 'manifest', name], /Made by labctl/)
    await writeFile(join(folder, 'new.yaml'), manifest.replace('Made by labctl', 'Changed by labctl'))
    await ok(['playground', 'update', name, '-f', join(folder, 'new.yaml'), '--force', '-q'])
    await ok(['playground', 'manifest', name], /Changed by labctl/)
    await ok(['playground', 'catalog', '-q'], /debian/)
    await ok(['search', 'debian', '-q'])
  })

  test('starts it, waits for its task, and tells its state', async () => {
    id = await ok(['playground', 'start', name, '--safety-disclaimer-consent', '-q'], /^[0-9a-f]{24}$/m)
    await ok(['playground', 'list', '-q'], new RegExp(id))
    await ok(['playground', 'status', id, '-o', 'json'], /RUNNING/)
    await ok(['playground', 'tasks', id, '-o', 'json', '--wait'], /seed/)
    await ok(['playground', 'wait', id, '--init-only', '--timeout', '2m'])
    await ok(['playground', 'machines', id], /debian-01/)
    await ok(['playground', 'lifetime', id])
    await ok(['playground', 'lifetime', id, '3h'])
    await ok(['playground', 'persist', id])
    await ok(['playground', 'machine', 'console', id, 'debian-01'])
  })

  test('works in its machine: ssh, files, ports, shells', { timeout: 600_000 }, async () => {
    await ok(['ssh', id, '--', 'hostname'], /debian-01/)
    assert.equal((await call(['ssh', id, '--', 'exit 7'])).code, 7)
    await writeFile(join(folder, 'there'), 'and back')
    await ok(['cp', join(folder, 'there'), `${id}:/var/tmp/there`])
    await ok(['cp', `${id}:/var/tmp/there`, join(folder, 'back')])
    assert.equal(await readFile(join(folder, 'back'), 'utf8'), 'and back')
    await ok(['expose', 'port', id, '8000'], /http/)
    await ok(['expose', 'shell', id], /http/)
    await ok(['expose', 'scan', id])
    const listed = await ok(['expose', 'list', id], /8000/)
    const exposed = /^([0-9a-zA-Z-]+).*8000/m.exec(listed)?.[1]
    assert.ok(exposed, listed)
    await ok(['expose', 'remove', id, exposed])
    await ok(['api', `/plays/${id}`], new RegExp(id))
  })

  test('reboots, stops, restarts and destroys it, and removes the playground', { timeout: 900_000 }, async () => {
    await ok(['playground', 'machine', 'reboot', id, 'debian-01'])
    await ok(['playground', 'stop', id, '-q'])
    await ok(['playground', 'restart', id, '-q'])
    await ok(['ssh', id, '--', 'cat', '/var/tmp/there'], /and back/)
    await ok(['playground', 'destroy', id, '-q'])
    await ok(['playground', 'remove', name, '--force'])
    await ok(['auth', 'logout'])
  })
})

async function build(folder: string): Promise<string> {
  await mkdir(join(folder, 'scratch'))
  const { root, version } = await fetchGo(join(folder, 'go'), join(folder, 'scratch'), { report: () => {} })
  console.log(`Building ${module} by Go ${version}`)
  const paths = { GOPATH: join(folder, 'path'), GOCACHE: join(folder, 'cache'), GOBIN: folder, HOME: folder }
  await run([join(folder, 'go', root, 'bin/go'), 'install', module], {
    env: { ...paths, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-modcacherw' },
    timeoutMs: buildMs,
  })
  return join(folder, 'labctl')
}
