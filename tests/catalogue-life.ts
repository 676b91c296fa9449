import assert from 'node:assert/strict'
import { inMachine, tellMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import type { TestServer } from './harness/server.ts'

/** What a playground's check looks after: without it the check fails, with it again it passes. */
interface Service {
  readonly machine: string
  readonly stop: string
  readonly start: string
}

interface Checked {
  /** Where `check` is. */
  readonly machines: readonly string[]
  readonly services: readonly Service[]
}

const unit = (machine: string, name: string): Service => ({
  machine,
  stop: `systemctl stop ${name}`,
  start: `systemctl start ${name}`,
})

/** Playgrounds of the catalogue that need no registry, and what each is broken by. Kubernetes, whose image takes long to build, has a proof of its own. */
export const checkedPlaygrounds: Readonly<Record<string, Checked>> = {
  docker: { machines: ['docker'], services: [unit('docker', 'docker.socket docker')] },
  duo: { machines: ['web'], services: [unit('web', 'docker.socket docker')] },
  router: {
    machines: ['alice'],
    services: [{ machine: 'router', stop: 'sysctl -qw net.ipv4.ip_forward=0', start: 'sysctl -qw net.ipv4.ip_forward=1' }],
  },
  shop: { machines: ['web'], services: [unit('web', 'nginx'), unit('app', 'shop'), unit('db', 'postgresql@15-main')] },
  postgres: {
    machines: ['primary', 'standby'],
    services: [unit('standby', 'postgresql@15-main'), unit('primary', 'postgresql@15-main')],
  },
  etcd: { machines: ['n1'], services: [unit('n4', 'etcd')] },
  nfs: { machines: ['client'], services: [unit('server', 'nfs-server')] },
  bpf: { machines: ['bpf'], services: [unit('bpf', 'bpf-programs')] },
}

const longestCheckMs = 120_000

async function failing(server: TestServer, name: string, id: string): Promise<string[]> {
  const { machines } = checkedPlaygrounds[name] as Checked
  const said = await Promise.all(
    machines.map(async (machine) => {
      const { code, stdout, stderr } = await tellMachine(server, id, machine, 'check', { timeoutMs: longestCheckMs })
      return code === 0 ? [] : [`${machine}: ${stderr}${stdout}`]
    }),
  )
  return said.flat()
}

export async function checksPass(server: TestServer, name: string, id: string, when: string): Promise<void> {
  assert.deepEqual(await failing(server, name, id), [], `${name}, ${when}`)
}

/** Stops each service, sees a check fail, and starts it again. */
export async function checksSeeStoppedServices(server: TestServer, name: string, id: string): Promise<void> {
  for (const { machine, stop, start } of checkedPlaygrounds[name]?.services ?? []) {
    await inMachine(server, id, machine, stop)
    assert.notDeepEqual(await failing(server, name, id), [], `${name}: no check fails after ${stop} on ${machine}`)
    await inMachine(server, id, machine, start)
    const isGood = async () => (await failing(server, name, id)).length === 0
    await until(`the checks of ${name} to pass again after ${start} on ${machine}`, isGood, 240_000)
  }
}

/** In a live clone, which is destroyed then, and in its source. */
export async function checksPassInLiveClone(server: TestServer, name: string, id: string): Promise<void> {
  const clone = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
  await checksPass(server, name, clone, 'in a live clone')
  await checksPass(server, name, id, 'in the source of a live clone')
  await server.ok('playground', 'destroy', clone, '-q')
}

/** Seconds that each part took. */
export type Figures = Record<string, number>

/** A playground of the catalogue as people use it: its checks pass cold, after stop and restart, and in a live clone, and fail while a service is stopped. */
export async function liveThrough(server: TestServer, name: string): Promise<Figures> {
  const figures: Figures = {}
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    const done = await work()
    figures[what] = Math.round((performance.now() - began) / 100) / 10
    return done
  }
  // `start` ends with 0 only when all init tasks have completed.
  const started = await timed('start', () => server.ramet(['playground', 'start', name, '-q'], { timeoutMs: 900_000 }))
  const id = started.stdout.trim()
  assert.equal(started.code, 0, `${started.stderr}${started.stdout}${server.output.slice(-3000)}`)
  await timed('check', () => checksPass(server, name, id, 'after a cold start'))
  await checksSeeStoppedServices(server, name, id)
  await timed('stop', () => server.ok('playground', 'stop', id, '-q'))
  await timed('restart', () => server.ok('playground', 'restart', id, '-q'))
  assert.equal((await (await server.client()).plays.get(id)).startKind, 'resumed')
  await checksPass(server, name, id, 'after stop and restart')
  await timed('live clone and its checks', () => checksPassInLiveClone(server, name, id))
  await server.ok('playground', 'destroy', id, '-q')
  return figures
}
