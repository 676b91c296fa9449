import { invalidInput } from '@ramet/model/errors/errors.ts'
import { type AtEnd, atEnds, mostMinutes } from '@ramet/model/run/lifetime.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

export const atEndOption = () => new Option('--at-end <what>', 'what is done with it then').choices(atEnds)

/** Whole minutes of a duration; `none` is 0, which stands for no end. Throws `invalid_input`. */
export function lifetimeMinutes(text: string): number {
  if (text === 'none') return 0
  const minutes = Math.ceil(parseDuration(text) / 60_000)
  if (minutes >= 1 && minutes <= mostMinutes) return minutes
  throw invalidInput(`A lifetime of ${text} is not possible.`, undefined, 'From 1m to 366 days (8784h), or none.')
}

/** `ramet playground lifetime` */
export function addLifetime(parent: Command, open: Open): void {
  parent
    .command('lifetime')
    .description(
      'Print how long a run may be on at a time, or set it. It warns before its end, and is then stopped with everything kept, or destroyed.',
    )
    .argument('<run>', runArgument)
    .argument('[duration]', 'such as 90m or 8h, counted from its last start; none: without end')
    .addOption(atEndOption())
    .action(async (name: string, duration: string | undefined, { atEnd }: { atEnd?: AtEnd }) => {
      const { client, out } = await open()
      const found = await resolveRun(client, name)
      const play =
        duration === undefined
          ? found
          : await client.plays.setLifetime(found.id, { minutes: lifetimeMinutes(duration), ...(atEnd ? { atEnd } : {}) })
      out.result(play.maxPlayTime ?? 'none')
      if (play.expiresAt !== undefined)
        out.note(`It is ${play.atEnd === 'destroy' ? 'destroyed' : 'stopped'} at ${play.expiresAt}.`)
    })
}
