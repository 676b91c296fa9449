import { maxClones } from '@ramet/model/api/wire.ts'
import { goals } from '@ramet/model/run/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { countUpTo } from '../../parse-count.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

interface CloneOptions {
  readonly count: number
  readonly title?: string
  readonly start?: boolean
  readonly live?: boolean
  readonly quiet?: boolean
}

/** `ramet playground clone` */
export function addClone(parent: Command, open: Open): void {
  parent
    .command('clone')
    .description('Make new runs with the content of another one, all its machines and drives. Copies nothing; prints their ids.')
    .argument('<run>', runArgument)
    .option('-n, --count <number>', `how many, at most ${maxClones}`, countUpTo(maxClones), 1)
    .option('--title <text>', 'their title; further ones get a number. Default: that of the run with (clone)')
    .option('--start', 'start them, and return when all are ready')
    .option('--live', 'of a run that is running, with its memory: they go on where it is, and return when all are ready')
    .option('-q, --quiet', 'print nothing but the ids')
    .action(async (name: string, { count, title, live = false, start: isStarted = false, quiet }: CloneOptions) => {
      const context = await open()
      const { client, out } = context
      const start = isStarted || live
      const { id } = await resolveRun(client, name)
      const clones = await client.plays.clone(id, {
        count,
        start,
        ...(live ? { live } : {}),
        ...(title === undefined ? {} : { title }),
      })
      for (const clone of clones) out.result(clone.id)
      if (start) for (const clone of clones) await waitForGoal(context, clone, goals.ready, { quiet })
      if (quiet) return
      const [first] = clones
      if (start) out.note(`Ready. Enter ${count === 1 ? 'it' : 'them'} with: ramet ssh ${first?.id}`)
      else out.note(`Cloned. Start ${count === 1 ? 'it' : 'each'} with: ramet playground restart ${first?.id}`)
    })
}
