import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import type { MachineAction } from '@ramet/model/run/run-state.ts'
import { pino } from 'pino'
import type { ImageService } from '../../images/image-service.ts'
import { decide } from '../../reconcile/decide.ts'
import { Reconciler } from '../../reconcile/reconciler.ts'
import { mostBringUps, mostTries, Slots } from '../../reconcile/slots.ts'
import { insertRun } from '../../runs/new-run.ts'
import { type RunServiceTools, runService } from '../../runs/run-service.ts'
import type { Runs } from '../../services.ts'
import { layerTools } from '../../storage/layers/layer-tools.ts'
import { type Db, now, transaction } from '../../store/database.ts'
import { openInstallation } from '../../store/installation.ts'
import { insertPlayground } from '../../store/playgrounds.ts'
import { listMachines } from '../../store/run-machines.ts'
import { findRun } from '../../store/runs.ts'
import { openOwner, type User } from '../../store/users.ts'
import { planWithDrives } from '../plan-with-drives.ts'
import { putRun } from '../put-run.ts'
import { type Deed, deeds, outcomes, type Sight, told } from './run-model.ts'
import { stubHost } from './stub-host.ts'

const settlesWithinMs = 60_000
const looksAgainMs = 500
const beginnings = ['RUNNING', 'STOPPED', 'STARTING'] as const

interface World {
  readonly db: Db
  readonly runs: Runs
  readonly user: User
  /** Resolves when something about the run changed, or after a moment. */
  change(id: string): Promise<void>
  newRun(isOn: boolean): Promise<string>
  /** It takes no memory any more, and nobody looks after it. */
  remove(id: string): Promise<void>
}

export interface TrialOptions {
  /** How often each pair is tried; how many fours are. */
  readonly times: number
  /** So many runs are tried side by side. */
  readonly atOnce: number
}

/** Simultaneous actions on runs of one store, on the real service and reconciler. */
export const trials = {
  async pairs(db: Db, { times, atOnce }: TrialOptions): Promise<void> {
    using world = await open(db)
    const pairs = deeds.flatMap((one, index) => deeds.slice(index).map((other) => [one, other] as const))
    for (const pair of pairs) {
      for (let done = 0; done < times; done += atOnce) {
        await Promise.all(Array.from({ length: Math.min(atOnce, times - done) }, (_, index) => trial(world, pair, done + index)))
      }
    }
  },
  async fours(db: Db, { times, atOnce }: TrialOptions): Promise<void> {
    using world = await open(db)
    const any = (seed: number) => deeds[(seed * 7919 + 13) % deeds.length] ?? 'stop'
    for (let round = 0; round * atOnce < times; round += 1) {
      await Promise.all(
        Array.from({ length: atOnce }, (_, index) => {
          const seed = round * atOnce + index
          return trial(world, [any(seed), any(seed + 31), any(seed * 3 + 1), any(seed * 5 + 2)], seed)
        }),
      )
    }
  },
}

async function trial(world: World, pair: readonly Deed[], seed: number): Promise<void> {
  const beginning = beginnings[seed % beginnings.length] ?? 'RUNNING'
  const id = await world.newRun(beginning !== 'STOPPED')
  if (beginning === 'RUNNING') await settled(world, id)
  const from: Sight =
    beginning === 'STOPPED' ? { run: 'STOPPED', a: 'STOPPED', b: 'STOPPED' } : { run: beginning, a: 'RUNNING', b: 'RUNNING' }
  const answers = await Promise.allSettled(pair.map((deed) => act(world, id, deed)))
  const taken = answers.map((answer) => {
    if (answer.status === 'fulfilled') return true
    const { reason } = answer
    assert.ok(
      reason instanceof RametError && reason.code === 'action_refused' && (reason.hint ?? '') !== '',
      String(reason?.stack),
    )
    return false
  })
  const end = told(await settled(world, id), taken)
  const expected = outcomes(from, pair)
  assert.ok(expected.has(end), `${pair.join(' and ')} of a ${beginning} run: ${end}; it may be\n${[...expected].join('\n')}`)
  if (pair.some((deed, index) => deed === 'destroy' && taken[index])) assert.match(end, /DESTROYED$/)
  await world.remove(id)
}

function act({ runs, user }: World, id: string, deed: Deed) {
  const [action, machine] = deed.split(' ')
  if (machine !== undefined) return runs.machine(user, id, action as MachineAction, machine)
  switch (deed) {
    case 'stop':
    case 'shut_down':
      return runs.stop(user, id, { powerOff: deed === 'shut_down' })
    case 'restart':
    case 'boot':
      return runs.restart(user, id, { cold: deed === 'boot' })
    case 'destroy':
      return runs.destroy(user, id)
    default:
      return runs.setTitle(user, id, 'another')
  }
}

/** Once it is where it is wanted, and each of its machines. */
async function settled({ db, change }: World, id: string): Promise<Sight> {
  const deadline = performance.now() + settlesWithinMs
  for (;;) {
    const changed = change(id)
    const run = await findRun(db, id)
    const [a, b] = await listMachines(db, id)
    assert.ok(run && a && b)
    const next = decide(run.wanted, run.state)
    const isOn = [a, b].some(({ state }) => state === 'RUNNING')
    const isStill = [a, b].every(({ state }) => state === 'RUNNING' || state === 'STOPPED')
    if (next === 'rest' || (next === 'watch' && isOn && isStill)) return { run: run.state, a: a.state, b: b.state }
    if (performance.now() > deadline) assert.fail(`${JSON.stringify([run.wanted, run.state, a, b])} does not settle`)
    await changed
  }
}

async function open(db: Db): Promise<World & Disposable> {
  await openInstallation(db)
  const user = await openOwner(db)
  const names = { id: 'p', name: 'p', base: 'p', base_id: null, saved_from: null, title: 'p', description: '' }
  const rest = { categories: '[]', markdown: null, cover: null, spec: '{"machines":[]}', removed_at: null }
  await insertPlayground(db, { ...names, ...rest, owner_id: user.id, created_at: now(), updated_at: now() })
  const host = stubHost(() => Math.floor(Math.random() * 4))
  const memory = { totalBytes: Number.MAX_SAFE_INTEGER, bytesOf: () => 1 }
  const waiting = new Map<string, () => void>()
  const tell = (id: string) => waiting.get(id)?.()
  const reconciler = new Reconciler({
    tries: new Slots(mostTries),
    bringUps: new Slots(mostBringUps),
    db,
    host,
    log: pino({ level: 'silent' }),
    layers: layerTools({ db, home: '/nowhere', storage: host.storage }),
    images: { hasKernelPack: () => true, requireKernelPack: async () => {} } as unknown as ImageService,
    changed: tell,
    takeDrives: async () => {},
    wentOff() {},
    collect: async () => {},
    afterStep() {},
  })
  const plays = { db, installation: '0000', endpoint: () => '', progressOf: (id: string) => reconciler.progressOf(id) }
  const warm = { isOn: false, shapeNow: async () => undefined, handedOver() {} }
  const runs = runService({
    db,
    host,
    reconciler,
    plays,
    memory,
    specs: {} as RunServiceTools['specs'],
    images: { whyNoStart: async () => undefined },
    planOf: makeRunPlan,
    warm,
    changed: tell,
    lifetimesChanged() {},
  } as Parameters<typeof runService>[0])
  const [machine] = planWithDrives([]).machines
  assert.ok(machine)
  const plan = { ...planWithDrives([]), machines: ['a', 'b'].map((name) => ({ ...machine, name })) }
  return {
    db,
    runs,
    user,
    async change(id) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(id, resolve)
      await Promise.race([promise, delay(looksAgainMs)])
      waiting.delete(id)
    },
    [Symbol.dispose]: () => reconciler.close(),
    async remove(id) {
      await putRun(db, id, { state: 'DESTROYED', wanted: 'DESTROYED' })
      reconciler.worker(id).trigger()
    },
    async newRun(isOn) {
      const playground = { playground_id: 'p', playground_name: 'p', playground_title: 'p' }
      const request = { ...playground, owner_id: user.id, plan, title: 't', clonedFrom: null, start: isOn, memory }
      const id = await transaction(db, (trx) => insertRun(trx, request))
      if (isOn) reconciler.worker(id).trigger()
      return id
    },
  }
}
