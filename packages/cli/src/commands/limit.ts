import {
  type AllowanceName,
  type Allowances,
  allowanceNames,
  allowanceTable,
  type ChangeAllowances,
  formatAllowance,
} from '@ramet/model/access/allowances.ts'
import { parseBytes } from '@ramet/model/units/bytes.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import { type Command, InvalidArgumentError } from 'commander'
import type { Open } from '../context.ts'
import { type Format, formatOption } from '../format-option.ts'

const examples = { count: 'NUMBER', bytes: 'SIZE', minutes: 'DURATION' } as const

/** `ramet user limit` and `ramet group limit` */
export function addLimit(parent: Command, open: Open, of: 'user' | 'group'): void {
  const command = parent
    .command('limit')
    .description(
      of === 'user'
        ? 'Set what a user may have at a time; for admins. It wins over limits of groups. Without options: print it.'
        : 'Set what each member of a group may have at a time; for admins. Of several groups the most generous holds. Without options: print it.',
    )
    .argument('<name>')
  for (const name of allowanceNames) {
    const { counts, unit } = allowanceTable[name]
    command.option(`--${name} <${examples[unit]}|none>`, counts, (text) => readAllowance(name, text))
  }
  command.addOption(formatOption()).action(async (name: string, { output, ...options }: GivenLimits & { output: Format }) => {
    const given: ChangeAllowances = Object.fromEntries(
      Object.entries(options).map(([each, most]) => [each, most === 'none' ? null : most]),
    )
    const { client, out } = await open()
    const isAsked = Object.keys(given).length > 0
    const set = async (): Promise<Allowances> => {
      if (of === 'group') {
        const group = isAsked ? await client.groups.change(name, { allowances: given }) : await client.groups.get(name)
        return group.allowances ?? {}
      }
      return (await client.users.change(name, isAsked ? { allowances: given } : {})).allowances
    }
    const allowances = await set()
    if (output !== 'table') return out.data(allowances, output)
    for (const each of allowanceNames) {
      const most = allowances[each]
      if (most !== undefined) out.result(`${each} ${formatAllowance(each, most)}`)
    }
  })
}

/** Commander takes no null for a value. */
type GivenLimits = Readonly<Partial<Record<AllowanceName, number | 'none'>>>

/** Throws InvalidArgumentError. */
function readAllowance(name: AllowanceName, text: string): number | 'none' {
  if (text === 'none') return 'none'
  const { unit } = allowanceTable[name]
  const read = unit === 'bytes' ? parseBytes(text) : unit === 'minutes' ? parseDuration(text) / 60_000 : Number(text)
  if (read !== undefined && Number.isInteger(read) && read >= 0) return read
  throw new InvalidArgumentError({ count: 'A number.', bytes: 'Such as 8GiB.', minutes: 'Such as 8h or 90m.' }[unit])
}
