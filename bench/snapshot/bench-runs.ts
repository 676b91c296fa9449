import { performance } from 'node:perf_hooks'
import type { Client } from '@ramet/client/client-shape.ts'
import { run } from '@ramet/engine'
import { settledCommand } from '@ramet/engine/testing'
import { inMachine } from '../../tests/harness/in-machine.ts'
import type { TestServer } from '../../tests/harness/server.ts'
import { StateClock } from './state-clock.ts'

/** What a run of the benchmark is made of. */
export interface Shape {
  readonly name: string
  readonly machines: readonly string[]
  readonly ramMiB: number
  /** MiB that are filled with noise in the memory of each machine before anything is measured. */
  readonly filledMiB: number
}

export const image = 'debian-stable'
/** Noise that is copied: an emulated guest makes little of it in a second. */
export const fillCommand = ({ filledMiB }: Pick<Shape, 'filledMiB'>) =>
  `head -c 8M /dev/urandom > /dev/shm/noise; for i in $(seq ${Math.round(filledMiB / 8)}); do cat /dev/shm/noise; done > /dev/shm/fill`

/** As the server logs it (server/copies/live-clone.ts). */
export interface CutFigures {
  readonly pauseMs: number
  readonly firstPauseMs: number
  readonly copiedBytes: number
  readonly pausedBytes: number
}

export interface Cloning {
  readonly ids: readonly string[]
  readonly cut: CutFigures
  /** From the request to the answer, to the last clone's being RUNNING, and to the end of `true` in the last of them. */
  readonly answerMs: number
  readonly runningMs: number
  readonly firstCommandMs: number
}

export interface Restarting {
  readonly runningMs: number
  readonly firstCommandMs: number
  /** From the first `cont` of a machine to the end of the first command: what a guest needs to be of use, and the way in. */
  readonly afterContMs: number
}

/** Steps of `resume` from the first `cont` on. */
const afterCont = ['go-on', 'wake-guests', 'await-guests'].map((step) => `resume/${step}`)

/** Runs as a user has them, over the API; each act's time from the request on. */
export class BenchRuns implements AsyncDisposable {
  readonly server: TestServer
  readonly client: Client
  readonly #clock: StateClock

  private constructor(server: TestServer, client: Client, clock: StateClock) {
    this.server = server
    this.client = client
    this.#clock = clock
  }

  static async open(server: TestServer): Promise<BenchRuns> {
    const client = await server.client()
    return new BenchRuns(server, client, await StateClock.open(client))
  }

  /** Returns the playground's name. */
  async createPlayground({ name, machines, ramMiB }: Shape): Promise<string> {
    const playground = await this.client.playgrounds.create({
      name,
      base: 'flexbox',
      title: `Bench ${name}`,
      networks: [{ name: 'lan', subnet: '10.10.0.0/24' }],
      machines: machines.map((machine) => ({
        name: machine,
        users: [{ name: 'root' }],
        drives: [{ source: image, mount: '/' }],
        network: { interfaces: [{ network: 'lan' }] },
        resources: { cpuCount: 1, ramSize: `${ramMiB}MiB` },
      })),
      accessControl: { canList: ['owner'], canRead: ['owner'], canStart: ['owner'] },
    })
    return playground.name
  }

  /** A run whose machines are RUNNING and ran `true`. */
  async start(playground: string, { cold = false } = {}): Promise<{ id: string; firstCommandMs: number }> {
    const began = await quiet()
    const { id } = await this.client.plays.start({ playground, cold })
    await this.#clock.reached(id, 'RUNNING', began)
    return { id, firstCommandMs: await this.#commandSince(began, id) }
  }

  /** Fills its memory and lets its guests come to rest. */
  async settle(id: string, shape: Shape): Promise<void> {
    for (const machine of shape.machines) {
      await inMachine(this.server, id, machine, `${settledCommand(180)} || true`)
      await inMachine(this.server, id, machine, fillCommand(shape))
    }
  }

  async cloneLive(id: string, count = 1): Promise<Cloning> {
    const began = await quiet()
    const clones = await this.client.plays.clone(id, { live: true, count })
    const answerMs = performance.now() - began
    const ids = clones.map((clone) => clone.id)
    const running = await Promise.all(ids.map((clone) => this.#clock.reached(clone, 'RUNNING', began)))
    const last = running.indexOf(Math.max(...running))
    const firstCommandMs = await this.#commandSince(began, ids[last] ?? '')
    return { ids, cut: this.#lastCut(id), answerMs, runningMs: Math.max(...running) - began, firstCommandMs }
  }

  /** Until it is STOPPED with its memory; rejects when it has none. */
  async stop(id: string): Promise<number> {
    const began = await quiet()
    await this.client.plays.stop(id)
    const ms = (await this.#clock.reached(id, 'STOPPED', began)) - began
    if (!(await this.client.plays.get(id)).snapshot) throw new Error('the stop kept no memory')
    return ms
  }

  /** Until `true` has ended in it. Rejects when it was not resumed. */
  async restart(id: string): Promise<Restarting> {
    const began = await quiet()
    await this.client.plays.restart(id)
    const runningMs = (await this.#clock.reached(id, 'RUNNING', began)) - began
    const firstCommandMs = await this.#commandSince(began, id)
    const { startKind, startReason } = await this.client.plays.get(id)
    if (startKind !== 'resumed') throw new Error(`it was not resumed: ${startReason}`)
    const { stepsMs } = JSON.parse(this.#lastLine(id, '"workflow":"resume"')) as { stepsMs: Record<string, number> }
    const wakingMs = afterCont.reduce((sum, step) => sum + (stepsMs[step] ?? 0), 0)
    return { runningMs, firstCommandMs, afterContMs: wakingMs + firstCommandMs - runningMs }
  }

  async destroy(...ids: readonly string[]): Promise<void> {
    const began = performance.now()
    await Promise.all(ids.map((id) => this.client.plays.destroy(id)))
    await Promise.all(ids.map((id) => this.#clock.reached(id, 'DESTROYED', began)))
  }

  async #commandSince(began: number, id: string): Promise<number> {
    const machine = (await this.client.plays.get(id)).machines[0]?.name ?? ''
    const { code } = await this.client.exec(id, machine, { command: 'true' }).exit
    if (code !== 0) throw new Error(`\`true\` exited ${code}`)
    return performance.now() - began
  }

  /** Logged before the answer is given. */
  #lastCut(id: string): CutFigures {
    return JSON.parse(this.#lastLine(id, 'a running run was cut')) as CutFigures
  }

  #lastLine(id: string, text: string): string {
    return this.server.output.split('\n').findLast((line) => line.includes(text) && line.includes(id)) ?? '{}'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clock[Symbol.asyncDispose]()
  }
}

/** What was done before is on the disk; the moment from which on is measured. */
async function quiet(): Promise<number> {
  await run(['sync'])
  return performance.now()
}
