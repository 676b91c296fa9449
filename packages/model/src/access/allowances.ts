import { z } from 'zod'
import { RametError } from '../errors/error.ts'
import { describeMinutes } from '../run/lifetime.ts'
import { formatBytes } from '../units/bytes.ts'

/** Bounds that admins set on what one user, or each member of a group, has at a time. */
interface Allowance {
  readonly counts: string
  readonly unit: 'count' | 'bytes' | 'minutes'
  readonly status: 409 | 429
  readonly way: string
}

/** The one table of them. Beside them the server has bounds for everybody (`limits.ts`, `--quota`), which hold too; `storage` stands in place of the quota. */
export const allowanceTable = {
  running: {
    counts: 'runs that are on',
    unit: 'count',
    status: 409,
    way: 'Stop one that you do not need now: ramet playground stop ID',
  },
  cpus: { counts: 'CPUs of runs that are on', unit: 'count', status: 409, way: 'Stop a run: ramet playground stop ID' },
  memory: { counts: 'memory of runs that are on', unit: 'bytes', status: 409, way: 'Stop a run: ramet playground stop ID' },
  storage: {
    counts: 'disk of stopped runs and saved playgrounds',
    unit: 'bytes',
    status: 409,
    way: 'Destroy what you no longer need: ramet usage',
  },
  ports: { counts: 'published ports and shells', unit: 'count', status: 409, way: 'Remove one: ramet expose list' },
  starts: { counts: 'starts within a minute', unit: 'count', status: 429, way: 'Wait a minute.' },
  lifetime: { counts: 'how long a run is on at a time', unit: 'minutes', status: 409, way: 'Ask for less time.' },
} as const satisfies Record<string, Allowance>

export type AllowanceName = keyof typeof allowanceTable
export const allowanceNames = Object.keys(allowanceTable) as AllowanceName[]

/** Those that are set; numbers of things, bytes, minutes. */
export type Allowances = Readonly<Partial<Record<AllowanceName, number>>>

const value = z.number().int().min(0, 'must be at least 0').max(Number.MAX_SAFE_INTEGER)
const each = <T extends z.ZodType>(schema: T) =>
  z.strictObject(Object.fromEntries(allowanceNames.map((name) => [name, schema])) as Record<AllowanceName, T>)

export const allowancesSchema = each(value.optional())
/** What is not named stays; null takes it away. */
export const changeAllowancesSchema = each(value.nullable().optional())
export type ChangeAllowances = z.infer<typeof changeAllowancesSchema>

export function changedAllowances(before: Allowances, change: ChangeAllowances): Allowances {
  const all = allowanceNames.map((name) => [name, change[name] === undefined ? before[name] : (change[name] ?? undefined)])
  return Object.fromEntries(all.filter(([, most]) => most !== undefined)) as Allowances
}

/** `running 2, memory none`. */
export const describeChange = (change: ChangeAllowances): string =>
  allowanceNames
    .flatMap((name) => {
      const most = change[name]
      return most === undefined ? [] : [`${name} ${most === null ? 'none' : formatAllowance(name, most)}`]
    })
    .join(', ')

/** What holds for somebody: each of his own, else the most generous of his groups'. A group without one says nothing of it. */
export function effectiveAllowances(own: Allowances, groups: readonly Allowances[]): Allowances {
  const all = allowanceNames.map((name) => {
    const given = groups.flatMap((group) => group[name] ?? [])
    return [name, own[name] ?? (given.length === 0 ? undefined : Math.max(...given))]
  })
  return Object.fromEntries(all.filter(([, most]) => most !== undefined)) as Allowances
}

export function formatAllowance(name: AllowanceName, amount: number): string {
  const { unit } = allowanceTable[name]
  if (unit === 'bytes') return formatBytes(amount)
  return unit === 'minutes' ? describeMinutes(amount) : String(amount)
}

/** Throws `limit_reached` when there would be more than is allowed. */
export function checkAllowance(allowances: Allowances, name: AllowanceName, would: number): void {
  const most = allowances[name]
  if (most === undefined || would <= most) return
  const { counts, status, way }: Allowance = allowanceTable[name]
  const [all, bound] = [formatAllowance(name, would), formatAllowance(name, most)]
  throw new RametError('limit_reached', status, `That would be ${all} (${counts}); an admin allows you ${bound}.`, {
    hint: `${way} What you may have: ramet usage`,
  })
}
