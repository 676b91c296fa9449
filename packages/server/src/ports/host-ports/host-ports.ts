import type { Limits } from '@ramet/model/access/limits.ts'
import { hostAddressUnknown, hostPortRefused, hostPortTaken } from '@ramet/model/errors/host-port-errors.ts'
import type { FastifyBaseLogger } from 'fastify'
import { OpenCounts } from '../../access/open-counts.ts'
import type { Machines, User } from '../../services.ts'
import type { Db } from '../../store/database.ts'
import { type HostPortRow, listHostPorts } from '../../store/published-ports.ts'
import { Turns } from '../../store/turns.ts'
import type { Door, DoorAddress } from './door.ts'
import { openTcpDoor } from './tcp-door.ts'
import { openUdpDoor } from './udp-door.ts'

export interface HostPortsTools {
  readonly db: Db
  readonly machines: Pick<Machines, 'dial' | 'datagrams'>
  readonly limits: Limits
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  readonly lookEveryMs?: number
}

export interface WantedDoor extends DoorAddress {
  readonly protocol: 'tcp' | 'udp'
}

/** What becomes of runs and their owners elsewhere is looked for so often; a port that another program had is tried again. */
const lookEveryMs = 30_000

/**
 * The ports of the host that lead to machines. The store says which there are; each is held from the moment that it is published, also while its run is off, so that it is there when
 * the run is on again, and nobody else's meanwhile.
 */
export class HostPorts implements AsyncDisposable {
  readonly #tools: HostPortsTools
  readonly #counts: OpenCounts
  readonly #turns = new Turns()
  readonly #doors = new Map<string, Door>()
  /** Ids of ports that could not be opened, so that each is told once. */
  readonly #failed = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(tools: HostPortsTools) {
    this.#tools = tools
    this.#counts = new OpenCounts(tools.limits)
  }

  /** Opens what the store says, now and from then on. */
  async start(): Promise<void> {
    await this.look()
    this.#timer = setInterval(() => void this.look(), this.#tools.lookEveryMs ?? lookEveryMs).unref()
  }

  /**
   * Opens a port of the host and has `insert` write its row; both, or neither. `port` 0: any free one, which `insert` is told. Throws host_port_taken, host_port_not_permitted,
   * host_address_unknown, and what `insert` throws.
   */
  publish(wanted: WantedDoor, owner: User, insert: (port: number) => Promise<HostPortRow>): Promise<HostPortRow> {
    return this.#inTurn(async () => {
      const door = await this.#open(wanted)
      try {
        const row = await insert(door.port)
        this.#hold(row, owner, door)
        return row
      } catch (error) {
        await door.close()
        throw error
      }
    })
  }

  /** Closes what leads to a port that is published no more. */
  remove(id: string): Promise<void> {
    return this.#inTurn(() => this.#close(id))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#inTurn(async () => void (await Promise.all([...this.#doors.keys()].map((id) => this.#close(id)))))
  }

  /** Looks now what is to be open: for whoever knows that something has changed. Never rejects. */
  async look(): Promise<void> {
    await this.#inTurn(() => this.#settle()).catch((error: unknown) =>
      this.#tools.log.error({ err: error }, 'ports of the host could not be looked at'),
    )
  }

  async #settle(): Promise<void> {
    const { db, log } = this.#tools
    const wanted = new Map((await listHostPorts(db)).map((each) => [each.row.id, each]))
    await Promise.all([...this.#doors.keys()].filter((id) => !wanted.has(id)).map((id) => this.#close(id)))
    for (const { row, owner } of wanted.values()) {
      if (this.#doors.has(row.id)) continue
      try {
        this.#hold(row, owner, await bind({ protocol: row.protocol, address: row.host_address, port: row.host_port }))
        this.#failed.delete(row.id)
      } catch (error) {
        if (!this.#failed.has(row.id)) log.warn({ err: error, run: row.run_id }, 'a port of the host cannot be opened now')
        this.#failed.add(row.id)
      }
    }
  }

  async #open(wanted: WantedDoor): Promise<Door> {
    try {
      return await bind(wanted)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw told(error, wanted)
    }
    // Perhaps by a run that was destroyed a moment ago.
    await this.#settle()
    return bind(wanted).catch((error: unknown) => {
      throw told(error, wanted)
    })
  }

  #hold({ id, run_id, machine, number, protocol }: HostPortRow, owner: User, door: Door): void {
    const { machines } = this.#tools
    this.#doors.set(id, door)
    door.leadTo({
      open: () => (protocol === 'tcp' ? machines.dial : machines.datagrams)(owner, run_id, machine, number),
      take: () => this.#counts.take(owner, 'host-connections'),
    })
  }

  async #close(id: string): Promise<void> {
    const door = this.#doors.get(id)
    this.#doors.delete(id)
    await door?.close()
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const end = await this.#turns.take()
    try {
      return await work()
    } finally {
      end()
    }
  }
}

const bind = ({ protocol, ...where }: WantedDoor): Promise<Door> => (protocol === 'tcp' ? openTcpDoor(where) : openUdpDoor(where))

function told(error: unknown, { protocol, address, port }: WantedDoor): unknown {
  const where = `The ${protocol.toUpperCase()} port ${port} of ${address}`
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return hostPortTaken(where)
    case 'EACCES':
    case 'EPERM':
      return hostPortRefused(where, 'the server itself has no right to')
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return hostAddressUnknown(address)
    default:
      return error
  }
}
