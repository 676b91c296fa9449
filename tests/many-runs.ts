import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import type { TestServer } from './harness/server.ts'

/** Seconds from the first request until the last of them is there. */
export interface ManyRunsFigures {
  readonly start: number
  readonly stop: number
  readonly restart: number
  readonly destroy: number
}

const withinMs = 600_000

/** Takes `count` runs of `debian` through a life, all at once: start, stop, restart, destroy. Throws when one of them fails. */
export async function manyRuns(server: TestServer, count: number): Promise<ManyRunsFigures> {
  const client = await server.client()
  const reached = (id: string, state: Play['state']) =>
    waitForPlay(
      client,
      id,
      (play) => {
        if (play.state === 'FAILED') throw new Error(`${id} failed: ${play.failure?.message}`)
        return play.state === state
      },
      { signal: AbortSignal.timeout(withinMs) },
    )
  const timed = async (act: () => Promise<unknown>) => {
    const began = performance.now()
    await act()
    return (performance.now() - began) / 1000
  }
  const ids: string[] = []
  const each = (state: Play['state'], ask: (id: string) => Promise<unknown>) =>
    timed(() =>
      Promise.all(
        ids.map(async (id) => {
          await ask(id)
          await reached(id, state)
        }),
      ),
    )
  const start = await timed(() =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const { id } = await client.plays.start({ playground: 'debian' })
        ids.push(id)
        await reached(id, 'RUNNING')
      }),
    ),
  )
  return {
    start,
    stop: await each('STOPPED', (id) => client.plays.stop(id)),
    restart: await each('RUNNING', (id) => client.plays.restart(id)),
    destroy: await each('DESTROYED', (id) => client.plays.destroy(id)),
  }
}
