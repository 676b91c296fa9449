import assert from 'node:assert/strict'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import type { TestServer } from '../harness/server.ts'

/** A way in by websockets; `address` is that of a tunnel's connection and nothing to the others. */
export interface Door {
  readonly name: string
  open(address: string): WebSocket
}

/** Every way into a run by websockets: of the API, those that a request hands out, and tunnels with an SSH server behind port 22. */
export async function openDoors(server: TestServer, id: string): Promise<Door[]> {
  const token = await server.token()
  const authorization = `Bearer ${token}`
  const ask = async <T>(path: string, body: object): Promise<T> => {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await fetch(server.endpoint + path, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, path)
    return (await answer.json()) as T
  }
  const connect = (url: string, headers: Record<string, string> = { authorization }) =>
    new WebSocket(url.replace(/^http/, 'ws'), { headers })
  const own = (path: string): Door => ({ name: path.split('/').at(-1) ?? path, open: () => connect(server.endpoint + path) })

  const status = await ask<{ url: string }>(routes.connections(id), {})
  const journal = await ask<{ url: string }>(routes.journals(id), { machine: 'debian' })
  const sshPubKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl fuzz'
  const tunnel = await ask<{ url: string; loginUrl: string }>(routes.tunnels(id), { machine: 'debian', port: 0, sshPubKey })
  const cookie = ((await fetch(tunnel.loginUrl)).headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return [
    own(routes.exec(id, 'debian')),
    own(routes.terminal(id, 'debian', 'fuzz')),
    own(routes.console(id, 'debian')),
    { name: 'status', open: () => connect(status.url, {}) },
    { name: 'journal', open: () => connect(journal.url, {}) },
    {
      name: 'tunnel',
      open: (address) => connect(`${tunnel.url}/tunnels/${encodeURIComponent(btoa(encodeURI(address)))}`, { cookie }),
    },
  ]
}
