import { fileURLToPath } from 'node:url'
import { run, writeFileAtomically } from '@ramet/engine'
import { pino } from 'pino'
import { assembleApp } from '../http/app.ts'
import { describeApi } from '../http/openapi.ts'
import { stubServices } from './stub-services.ts'

/** Where the description of the API is kept for readers and generators. */
export const openApiFile = fileURLToPath(new URL('../../../../docs/openapi.json', import.meta.url))

/** The description as it has to be. No service is asked for anything, so stubs do. */
export function currentOpenApi(): unknown {
  const { routes, sockets } = assembleApp(stubServices(), { log: pino({ level: 'silent' }), endpoint: 'http://127.0.0.1' })
  return JSON.parse(JSON.stringify(describeApi(routes, sockets)))
}

/** `node packages/server/src/testing/write-openapi.ts` after a change of the API. */
if (import.meta.main) {
  await writeFileAtomically(openApiFile, `${JSON.stringify(currentOpenApi(), null, 2)}\n`)
  const biome = fileURLToPath(new URL('../../../../node_modules/.bin/biome', import.meta.url))
  await run([biome, 'format', '--write', openApiFile])
}
