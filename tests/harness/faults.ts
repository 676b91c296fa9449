import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Fault } from '@ramet/server/reconcile/fault-injection.ts'
import { ended, until } from './processes.ts'
import { faultsFolder, type TestServer } from './server.ts'

/** Makes the server do this to itself, once, right after a step. It may be running, or not be started yet. */
export async function arm({ home }: Pick<TestServer, 'home'>, fault: Fault, step: string): Promise<void> {
  await mkdir(faultsFolder(home), { recursive: true })
  await writeFile(join(faultsFolder(home), fault), step)
}

/** Resolves when the server has ended itself after an armed step. */
export async function crashed({ child }: Pick<TestServer, 'child'>, step: string, withinMs?: number): Promise<void> {
  if (!child) throw new Error('no server')
  await ended(child, withinMs)
  assert.equal(child.signalCode, 'SIGKILL', `the server was to end itself after ${step}`)
}

/** Asks for something of a server that ends itself by SIGKILL on the way, after `step`, then starts the next one. */
export async function killAfter(server: TestServer, step: string, ask: () => Promise<unknown>, withinMs?: number): Promise<void> {
  await arm(server, 'crash-after', step)
  // The end of the server takes the answer along. What failed before is why the server does not end.
  let failure: unknown
  await ask().catch((error: unknown) => {
    failure = error
  })
  await crashed(server, step, withinMs).catch((error: Error) => {
    throw new Error(error.message, { cause: failure })
  })
  await server.start()
}

/**
 * Asks for something of a server that stands still on the way, after `step`, does something meanwhile, and lets it go on. Resolves when it was asked for, whatever
 * the answer; rejects when that is refused before the step.
 */
export async function haltAfter(
  server: TestServer,
  step: string,
  ask: () => Promise<unknown>,
  meanwhile: () => Promise<void>,
  withinMs?: number,
): Promise<void> {
  await arm(server, 'halt-after', step)
  let refused: unknown
  const asked = ask().catch((error) => {
    refused = error
  })
  await until(
    `the server to stand still after ${step}`,
    async () => {
      if (refused) throw refused
      return / T /.test((await readFile(`/proc/${server.pid}/stat`, 'utf8')).replace(/^.*\)/, ' '))
    },
    withinMs,
  )
  await meanwhile()
  process.kill(server.pid, 'SIGCONT')
  await asked
}
