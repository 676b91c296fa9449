import { type Limits, limitReached } from '@ramet/model/access/limits.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { hostPortTaken } from '@ramet/model/errors/host-port-errors.ts'
import { isGone } from '@ramet/model/run/run-state.ts'
import { requirePorts } from '../../admission/allowances.ts'
import type { User } from '../../services.ts'
import { type Db, transaction } from '../../store/database.ts'
import {
  countPublished,
  type HostPortRow,
  insertPublished,
  isHostPort,
  listHostPorts,
  listPublished,
} from '../../store/published-ports.ts'
import type { Run } from '../../store/runs.ts'
import { noted } from '../../store/users.ts'
import type { HostPorts, WantedDoor } from './host-ports.ts'

export interface PublishTools {
  readonly db: Db
  readonly hostPorts: Pick<HostPorts, 'publish'>
  readonly limits: Limits
}

/** Makes a port of a machine one of the host's. The same once more answers with what is there. Throws as `HostPorts.publish`, and too_many_published_ports. */
export async function publishOnHost(
  { db, hostPorts, limits }: PublishTools,
  user: User,
  run: Pick<Run, 'id' | 'owner_id' | 'state'>,
  at: { readonly machine: string; readonly number: number },
  wanted: WantedDoor,
): Promise<HostPortRow> {
  if (isGone(run.state)) throw notFound('run', run.id)
  const same = (await listPublished(db, run.id)).filter(isHostPort).find((row) => isSame(row, at, wanted))
  if (same) return same
  return hostPorts.publish(wanted, { id: user.id, name: user.name }, (port) =>
    transaction(db, async (trx) => {
      // Also by one that could not be opened when the server started, and is tried again.
      const others = (await listHostPorts(trx)).map(({ row }) => row)
      if (others.some((row) => collides(row, { ...wanted, port }))) throw hostPortTaken(`The port ${port} of ${wanted.address}`)
      if ((await countPublished(trx, run.owner_id)) >= limits['published-ports']) throw limitReached('published-ports', limits)
      await requirePorts(trx, run.owner_id, 1)
      const row = await insertPublished(trx, run.id, {
        ...at,
        account: null,
        // Whoever reaches the address comes in.
        access: 'public',
        tls: 0,
        host_rewrite: null,
        path_rewrite: null,
        protocol: wanted.protocol,
        host_address: wanted.address,
        host_port: port,
      })
      const detail = `${at.machine}:${at.number} as ${wanted.protocol} ${wanted.address}:${port}, for whoever reaches it`
      await noted(user, trx, { subject: run.id, detail })
      return row as HostPortRow
    }),
  )
}

const isSame = (row: HostPortRow, { machine, number }: { machine: string; number: number }, wanted: WantedDoor) =>
  row.machine === machine &&
  row.number === number &&
  row.protocol === wanted.protocol &&
  row.host_address === wanted.address &&
  (wanted.port === 0 || row.host_port === wanted.port)

const everywhere = ['0.0.0.0', '::']

const collides = (row: HostPortRow, { protocol, address, port }: WantedDoor) =>
  row.protocol === protocol &&
  row.host_port === port &&
  (row.host_address === address || [row.host_address, address].some((each) => everywhere.includes(each)))
