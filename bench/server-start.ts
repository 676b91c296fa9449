import { performance } from 'node:perf_hooks'
import { routes } from '@ramet/model/api/routes.ts'
import { serverArguments, TestServer, testCache } from '../tests/harness/server.ts'
import type { Benchmark } from './samples.ts'
import { bareNodeArguments, end, firstAnswer, freePort, spawnNode } from './server-process.ts'
import { ready } from './server-ready.ts'

const times = 7

/** Milliseconds from exec to the first HTTP answer. */
async function timeToAnswer(args: readonly string[], path: string, env: Record<string, string>): Promise<number> {
  const port = await freePort()
  const began = performance.now()
  const child = spawnNode(args, { ...env, RAMET_PORT: String(port) })
  try {
    return await firstAnswer(port, path, began)
  } finally {
    await end(child)
  }
}

export const serverStart: Benchmark = {
  name: 'server-start',
  summary: `server from exec to its first HTTP answer with images built; ${times} times`,
  async measure(progress) {
    const home = new TestServer()
    try {
      await home.start()
      await ready(home)
      await home.stop()
      const env = { RAMET_HOME: home.home, RAMET_CACHE: testCache }
      const ours: number[] = []
      const bare: number[] = []
      for (let at = 0; at < times; at += 1) {
        ours.push(await timeToAnswer(serverArguments, routes.health(), env))
        bare.push(await timeToAnswer(bareNodeArguments, '/', env))
        progress(`${at + 1} of ${times}: ${ours.at(-1)?.toFixed(0)} ms, a bare Node server ${bare.at(-1)?.toFixed(0)} ms`)
      }
      return [
        {
          title: 'Server start to first answer',
          unit: 's',
          ours: { name: 'GET /api/health', values: ours.map((ms) => ms / 1000) },
          rival: { name: 'bare Node server', values: bare.map((ms) => ms / 1000) },
          wants: [{ text: 'less than 1 s', holds: (value) => value < 1 }],
          notes: ['bare: `node -e` with node:http alone, the least that any server on Node takes'],
        },
      ]
    } finally {
      await home.dispose()
    }
  },
}
