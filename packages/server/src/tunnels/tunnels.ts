import { randomBytes } from 'node:crypto'
import type { LentLogin } from '../access/lent-login.ts'

/** What somebody who knows a tunnel's ticket and cookie may do: connect to one machine, as one user. */
export interface OpenTunnel {
  /** Of whoever opened it; the tunnel ends with it. */
  readonly login: LentLogin
  readonly runId: string
  readonly machine: string
  /** Account in the machine; undefined: its default user. */
  readonly account: string | undefined
  /** The key, in SSH's wire format, that opens the shell behind port 22. */
  readonly sshKey: Buffer | undefined
  readonly cookie: string
}

/** Tunnels live in memory: a client asks for a new one when the server was started again. */
const lifeMs = 24 * 3600_000
const mostTunnels = 10_000

export class Tunnels {
  readonly #open = new Map<string, OpenTunnel & { readonly endsAt: number }>()

  /** Returns the ticket, by which the tunnel is found. The oldest goes when there are too many. */
  add(tunnel: Omit<OpenTunnel, 'cookie'>): string {
    const now = Date.now()
    for (const [ticket, { endsAt }] of this.#open) {
      if (endsAt > now && this.#open.size < mostTunnels) break
      this.#open.delete(ticket)
    }
    const ticket = randomBytes(24).toString('base64url')
    this.#open.set(ticket, { ...tunnel, cookie: randomBytes(32).toString('base64url'), endsAt: now + lifeMs })
    return ticket
  }

  find(ticket: string): OpenTunnel | undefined {
    const found = this.#open.get(ticket)
    return found && found.endsAt > Date.now() ? found : undefined
  }
}
