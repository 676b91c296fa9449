import fc from 'fast-check'
import { World } from './world.ts'

const kinds = [
  'start',
  'write',
  'write',
  'write',
  'stop',
  'clone',
  'save',
  'start-from',
  'remove',
  'destroy',
  'seal-live',
  'shorten',
  'collect',
] as const

/** Numbers choose among what there is when the operation's turn comes. */
const operation = fc.record({
  kind: fc.constantFrom(...kinds),
  which: fc.nat(1000),
  drive: fc.nat(1),
  place: fc.nat(100),
  byte: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 250 }) }, { weight: 1, arbitrary: fc.constant(0) }),
  bound: fc.integer({ min: 1, max: 4 }),
  /** The server is killed after so many named steps if the operation comes to that; with the host or without it. */
  crash: fc.option(fc.record({ after: fc.integer({ min: 1, max: 5 }), alsoMachines: fc.boolean() }), { freq: 2 }),
})
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

const most = { runs: 7, playgrounds: 4 }

async function perform(world: World, { kind, which, drive, place, byte, bound }: Operation): Promise<void> {
  const runs = [...world.runs.keys()]
  const playgrounds = [...world.playgrounds.keys()]
  const run = runs[which % Math.max(1, runs.length)]
  const playground = playgrounds[which % Math.max(1, playgrounds.length)]
  const isFull = runs.length >= most.runs
  if (run === undefined) return world.startNew()
  switch (kind) {
    case 'start':
      return which % 3 === 0 && !isFull ? world.startNew() : world.start(run)
    case 'write':
      return world.write(run, drive, place, byte)
    case 'stop':
      return world.stop(run)
    case 'clone':
      return isFull ? world.destroy(run) : world.stop(run).then(() => world.clone(run))
    case 'save':
      return playgrounds.length < most.playgrounds ? world.stop(run).then(() => world.save(run)) : world.remove(playground ?? '')
    case 'start-from':
      return playground === undefined || isFull ? undefined : world.startFrom(playground)
    case 'remove':
      return playground === undefined ? undefined : world.remove(playground)
    case 'destroy':
      return which % 2 === 0 ? world.destroy(run) : undefined
    case 'seal-live':
      return world.sealLive(run)
    case 'shorten':
      return world.shorten(bound)
    case 'collect':
      return world.verify()
  }
}

export interface Outcome {
  readonly steps: number
  readonly crashes: number
}

/**
 * Random sequences of what people and killed servers do. After each crash and at the end every drive must read as the model says, and `fsck` be clean.
 * What was made is used by the next sequence too, unless one failed. Throws with the seed and the sequence that fails; with RAMET_SHRINK=1 the shortest.
 */
export async function runSequences(options: {
  numRuns: number
  minLength: number
  maxLength: number
  seed: number
}): Promise<Outcome> {
  let world: World | undefined
  let steps = 0
  let crashes = 0
  let sequences = 0
  const sequence = async (operations: readonly Operation[]) => {
    world ??= await World.make()
    try {
      for (const each of operations) {
        steps += 1
        world.home.crashAfter = each.crash?.after
        try {
          await perform(world, each)
          world.home.crashAfter = undefined
        } catch (error) {
          if (!(error as Error).message.startsWith('crash after ')) throw error
          crashes += 1
          await world.recover(each.crash?.alsoMachines === true)
        }
      }
      sequences += 1
      await world.end(sequences % 20 === 0)
    } catch (error) {
      await world.home[Symbol.asyncDispose]()
      world = undefined
      throw error
    }
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: options.minLength, maxLength: options.maxLength, size: 'large' }),
      sequence,
    ),
    // Shrinking repeats the sequence hundreds of times: only when somebody looks for the shortest that fails.
    { numRuns: options.numRuns, seed: options.seed, endOnFailure: process.env.RAMET_SHRINK === undefined },
  )
  await world?.home[Symbol.asyncDispose]()
  return { steps, crashes }
}
