import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { answer, type StubHandlers, startStubServer } from '@ramet/client/testing/stub-server.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import type { RunState, WantedState } from '@ramet/model/run/run-state.ts'

export const binary = fileURLToPath(new URL('../../bin/ramet.mjs', import.meta.url))
export const id = 'a'.repeat(24)

const at = '2026-01-01T00:00:00Z'

export function stubPlay(state: RunState, more: Partial<Play> = {}): Play {
  const wanted: WantedState =
    state === 'STOPPED' || state === 'STOPPING' || state === 'FAILED'
      ? 'STOPPED'
      : state.startsWith('DEST')
        ? 'DESTROYED'
        : 'RUNNING'
  const ready = { name: 'Ready', status: state === 'RUNNING' ? 'True' : 'False', lastTransitionAt: at } as const
  const machine = (name: string): Play['machines'][number] => ({
    name,
    users: [],
    resources: { cpuCount: 1, ramSize: '1GiB' },
    state: 'RUNNING',
    noSSH: false,
    interfaces: [],
    drives: [],
  })
  const names = ['zeta', 'alpha']
  return {
    id,
    title: 'My run',
    createdAt: at,
    updatedAt: at,
    lastStateAt: at,
    expiresIn: 0,
    pageUrl: `http://127.0.0.1/runs/${id}`,
    playground: { name: 'debian', title: 'Debian', owner: '', pageUrl: '' },
    machines: names.map(machine),
    status: { factoryId: '', stateEvents: [], machines: names.map((name) => ({ name, state: 'RUNNING', conditions: [ready] })) },
    tasks: {},
    initTasksOver: true,
    state,
    wanted,
    networks: [],
    tabs: [],
    ...more,
  }
}

/** A stub server and a RAMET_HOME that points to it, for runs of the real binary. `answers`: what is said to `METHOD path`, a function asked each time. */
export async function stubWorld(answers: Readonly<Record<string, unknown>>, handlers: Pick<StubHandlers, 'webSocket'> = {}) {
  const home = await mkdtemp(join(tmpdir(), 'ramet-cli-'))
  const asked: { readonly what: string; readonly body: unknown; readonly authorization: string | undefined }[] = []
  const server = await startStubServer({
    ...handlers,
    request: ({ method, url, headers }, response, body) => {
      const what = `${method} ${url}`
      asked.push({ what, body: body === '' ? undefined : JSON.parse(body), authorization: headers.authorization })
      // The first page of a list is the whole list, however long.
      const [, list, cursor] = /^(.*)\?limit=\d+(&cursor=.*)?$/.exec(what) ?? []
      const said = answers[what] ?? (cursor === undefined ? answers[list ?? ''] : [])
      if (said === undefined)
        return answer(response, 404, { code: 'not_found', message: `There is no ${what}.`, hint: 'Look again.' })
      answer(response, 200, typeof said === 'function' ? said() : said)
    },
  })
  await mkdir(join(home, 'run'))
  await mkdir(join(home, 'secrets'))
  await writeFile(join(home, 'run/server.json'), JSON.stringify({ endpoint: server.endpoint, pid: process.pid }))
  await writeFile(join(home, 'secrets/cli-token'), 'of-the-home\n')
  const { RAMET_ENDPOINT: _, RAMET_TOKEN: __, FORCE_COLOR: ___, ...rest } = process.env
  const env: NodeJS.ProcessEnv = { ...rest, RAMET_HOME: home }
  return {
    asked,
    env,
    endpoint: server.endpoint,
    /** Runs the binary as a process of its own, at most 20 s. */
    async ramet(
      args: readonly string[],
      { input = '', env: more = {} }: { input?: string | Uint8Array; env?: NodeJS.ProcessEnv } = {},
    ) {
      const child = spawn(process.execPath, [binary, ...args], { env: { ...env, ...more }, timeout: 20_000 })
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      const [stdout, stderr, [code]] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close')])
      return { code: code as number | null, stdout: stdout.toString(), stderr: stderr.toString(), bytes: stdout }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(home, { recursive: true })
    },
  }
}
