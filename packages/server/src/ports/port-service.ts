import { type Limits, limitReached } from '@ramet/model/access/limits.ts'
import { type SavedForward, savedForwardSchema } from '@ramet/model/api/ports.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound, noWayIn } from '@ramet/model/errors/errors.ts'
import { requirePorts } from '../admission/allowances.ts'
import { machineNamed } from '../runs/machine-named.ts'
import type { PermittedRun } from '../runs/permitted-run.ts'
import type { Machines, Ports, User } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import {
  countPublished,
  findForwards,
  findPublished,
  insertPublished,
  listPublished,
  type Publishing,
  removePublished,
  setForwards,
  underName,
} from '../store/published-ports.ts'
import type { PublishedPortRow } from '../store/schema.ts'
import { noted } from '../store/users.ts'
import type { HostPorts } from './host-ports/host-ports.ts'
import { publishOnHost } from './host-ports/publish-on-host.ts'
import { wantedDoor } from './host-ports/wanted-door.ts'
import { Removals } from './removals.ts'
import { scanPorts } from './scan-ports.ts'

export interface PortServiceTools {
  readonly db: Db
  readonly permitted: PermittedRun
  readonly machines: Pick<Machines, 'exec' | 'dial'>
  readonly limits: Limits
  readonly hostPorts: Pick<HostPorts, 'publish' | 'remove'>
  /** Where ports of the host are opened unless asked otherwise; undefined: none are. */
  readonly hostAddress: string | undefined
}

const mostForwards = 100

/** Ports and shells under host names of their own, and saved forwards. */
export function portService({ db, permitted, machines, limits, hostPorts, hostAddress }: PortServiceTools): Ports {
  const changeForwards = async (
    user: User,
    id: string,
    change: (list: readonly SavedForward[], machine: (name: string) => string) => readonly SavedForward[],
  ) => {
    const { plan } = await permitted(user, 'run.publish', id)
    await transaction(db, async (trx) => {
      const list = (await findForwards(trx, id)) ?? plan.portForwards ?? []
      await setForwards(
        trx,
        id,
        change(list, (name) => machineNamed(plan.machines, name)),
      )
      await noted(user, trx, { subject: id })
    })
  }

  const removals = new Removals()

  const publish = async (user: User, id: string, how: Publishing): Promise<PublishedPortRow> => {
    const run = await permitted(user, 'run.publish', id)
    const machine = machineNamed(run.plan.machines, how.machine)
    const whole = { ...how, machine }
    return transaction(db, async (trx) => {
      const same = (await listPublished(trx, id)).find((row) => isSame(row, whole))
      if (same) return same
      if ((await countPublished(trx, run.owner_id)) >= limits['published-ports']) throw limitReached('published-ports', limits)
      await requirePorts(trx, run.owner_id, 1)
      const row = await insertPublished(trx, id, whole)
      await noted(user, trx, { subject: id, detail: publishedAs(row) })
      return row
    })
  }

  return {
    async list(user, id) {
      await permitted(user, 'run.read', id)
      return listPublished(db, id)
    },
    async expose(user, id, body) {
      const { machine, number, access, tls, hostRewrite, pathRewrite } = body
      const wanted = wantedDoor(user, body, hostAddress)
      if (wanted) {
        const run = await permitted(user, 'run.publish', id)
        const at = { machine: machineNamed(run.plan.machines, machine ?? ''), number }
        return publishOnHost({ db, hostPorts, limits }, user, run, at, wanted)
      }
      return publish(user, id, {
        machine: machine ?? '',
        number,
        account: null,
        access: access ?? 'private',
        tls: tls ? 1 : 0,
        host_rewrite: hostRewrite ?? null,
        path_rewrite: pathRewrite ?? null,
        ...underName,
      })
    },
    async exposeShell(user, id, { machine, user: account, access }) {
      const { plan } = await permitted(user, 'run.publish', id)
      const name = machineNamed(plan.machines, machine ?? '')
      const planned = plan.machines.find((each) => each.name === name)
      if (planned?.noSSH) throw noWayIn(name)
      return publish(user, id, {
        machine: name,
        number: null,
        account: account ?? planned?.users.find((each) => each.default)?.name ?? 'root',
        access: access ?? 'private',
        tls: 0,
        host_rewrite: null,
        path_rewrite: null,
        ...underName,
      })
    },
    async remove(user, id, published, kind) {
      await permitted(user, 'run.publish', id)
      await transaction(db, async (trx) => {
        if (!(await removePublished(trx, id, published, kind)))
          throw notFound(`published ${kind}`, published, 'See which there are: ramet expose list')
        await noted(user, trx, { subject: id, detail: `${kind} ${published}` })
      })
      removals.tell(published)
      await hostPorts.remove(published)
    },
    whenRemoved: (id, listener) => removals.when(id, listener),
    find: (name) => findPublished(db, name),

    async scan(user, id, only) {
      const { plan } = await permitted(user, 'run.enter', id)
      const names =
        only === undefined || only === ''
          ? plan.machines.filter((each) => !each.noSSH).map(({ name }) => name)
          : [machineNamed(plan.machines, only)]
      return (await Promise.all(names.map((machine) => scanPorts(machines, user, id, machine)))).flat()
    },

    async forwards(user, id) {
      const { plan } = await permitted(user, 'run.read', id)
      return (await findForwards(db, id)) ?? plan.portForwards ?? []
    },
    saveForward: (user, id, { machine, ...forward }) =>
      changeForwards(user, id, (list, known) => {
        if (list.length >= mostForwards)
          throw new RametError('too_many_forwards', 409, `The run has ${mostForwards} saved forwards; more are not kept.`, {
            hint: 'Remove some: ramet port-forward RUN --list, --remove INDEX',
          })
        const whole = savedForwardSchema.parse({ ...forward, machine: known(machine ?? '') })
        const text = JSON.stringify(whole, Object.keys(whole).sort())
        // labctl saves a forward each time it is used.
        return list.some((each) => JSON.stringify(each, Object.keys(each).sort()) === text) ? list : [...list, whole]
      }),
    removeForward: (user, id, index) =>
      changeForwards(user, id, (list) => {
        if (!Object.hasOwn(list, index))
          throw notFound('saved forward', String(index), 'See which there are: ramet port-forward RUN --list')
        return list.toSpliced(index, 1)
      }),
  }
}

const publishedAs = ({ machine, number, access }: PublishedPortRow) =>
  `${machine}:${number ?? 'shell'} for ${access === 'public' ? 'whoever knows the address' : 'its owner'}`

const isSame = (row: PublishedPortRow, how: Publishing): boolean =>
  (Object.keys(how) as (keyof Publishing)[]).every((key) => row[key] === how[key])
