import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { TestServer } from '../tests/harness/server.ts'
import type { Benchmark } from './samples.ts'
import { bareNodeArguments, end, firstAnswer, freePort, spawnNode } from './server-process.ts'

const runs = 3
const windows = 3
const windowMs = 30_000
/** After the last start: what the starts left behind is collected. */
const settleMs = 15_000
const startWithinMs = 600_000

/** USER_HZ; 100 on every Linux that Node runs on (time(7)). */
const ticksPerSecond = 100

async function residentMB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6
}

/** Seconds of CPU the process and its ended children took so far (proc(5), fields 14 to 17). */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
}

interface Idle {
  readonly residentMB: number[]
  readonly cpuPercent: number[]
}

/** One value of each a window. Resident memory at its end. */
async function watchIdle(pid: number): Promise<Idle> {
  const seen: Idle = { residentMB: [], cpuPercent: [] }
  for (let at = 0; at < windows; at += 1) {
    const [before, began] = [await cpuSeconds(pid), performance.now()]
    await delay(windowMs)
    const seconds = (performance.now() - began) / 1000
    seen.cpuPercent.push((((await cpuSeconds(pid)) - before) / seconds) * 100)
    seen.residentMB.push(await residentMB(pid))
  }
  return seen
}

async function bareIdle(): Promise<Idle> {
  const port = await freePort()
  const child = spawnNode(bareNodeArguments, { RAMET_PORT: String(port) })
  try {
    await firstAnswer(port, routes.health(), performance.now())
    return await watchIdle(child.pid ?? 0)
  } finally {
    await end(child)
  }
}

export const idle: Benchmark = {
  name: 'idle',
  summary: `memory and CPU of the server with ${runs} idle runs; ${windows} windows of ${windowMs / 1000} s`,
  async measure(progress) {
    const server = new TestServer()
    try {
      await server.start()
      const client = await server.client()
      for (let at = 0; at < runs; at += 1) {
        const { id } = await client.plays.start({ playground: 'debian' })
        await waitForPlay(client, id, ({ state }) => state === 'RUNNING', { signal: AbortSignal.timeout(startWithinMs) })
        progress(`run ${at + 1} of ${runs} is up`)
      }
      await delay(settleMs)
      const [ours, bare] = await Promise.all([watchIdle(server.pid), bareIdle()])
      const notes = ['bare: an idle `node -e` with node:http alone, at the same time']
      return [
        {
          title: 'Memory of the idle server',
          unit: 'MB',
          ours: { name: 'resident', values: ours.residentMB },
          rival: { name: 'bare Node server', values: bare.residentMB },
          wants: [{ text: 'less than 150 MB', holds: (value) => value < 150 }],
          notes,
        },
        {
          title: 'CPU of the idle server',
          unit: '% of one CPU',
          ours: { name: 'server and its children', values: ours.cpuPercent },
          rival: { name: 'bare Node server', values: bare.cpuPercent },
          wants: [{ text: 'less than 1 %', holds: (value) => value < 1 }],
          notes,
        },
      ]
    } finally {
      await server.dispose()
    }
  },
}
