import { flushCompileCache } from 'node:module'
import { RametError } from '@ramet/model/errors/error.ts'
import { visibleJson, visibleText } from '@ramet/model/units/visible-text.ts'
import { pino } from 'pino'
import { loginLinkMinutes } from './access/login-links.ts'
import { defaultHome, readConfig } from './config.ts'
import type { OpenHost } from './open-host.ts'
import { startServer } from './server/server.ts'

/** Runs the server in the foreground, on the host that `openHost` opens. Ctrl-C ends the server but not the VMs. */
export async function serve(openHost: OpenHost): Promise<void> {
  const stderr = pino.destination({ fd: 2, sync: true })
  // Logs are read on terminals and contain text of guests and users.
  const log = pino(
    { name: 'ramet', level: process.env.RAMET_LOG_LEVEL ?? 'info' },
    { write: (line) => void stderr.write(visibleJson(line)) },
  )
  try {
    const config = readConfig(process.argv.slice(2), process.env)
    const server = await startServer(config, log, openHost)
    process.stdout.write(`\n  Ramet is at  ${server.makeLoginLink()}\n`)
    process.stdout.write(
      `  The link works once, within ${loginLinkMinutes} minutes. Another one: ${loginCommand(config.home)}\n\n`,
    )
    let isLeaving = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isLeaving) return
        isLeaving = true
        process.stderr.write('The server ends; runs go on, and the next server takes them up.\n')
        void server.close().finally(() => process.exit(0))
      })
    }
    flushCompileCache()
    await server.warmUp()
  } catch (error) {
    if (error instanceof RametError) {
      const hint = error.hint === undefined ? '' : `  hint: ${error.hint}\n`
      process.stderr.write(visibleText(`error: ${error.message} (${error.code})\n${hint}`))
    } else {
      log.fatal({ err: error }, 'the server did not start')
    }
    process.exit(1)
  }
}

/** What prints another link, as it is typed in the folder of this checkout. */
function loginCommand(home: string): string {
  const command = 'npx --no-install ramet login'
  return home === defaultHome
    ? command
    : `RAMET_HOME=${/^[\w./-]+$/.test(home) ? home : `'${home.replaceAll("'", `'\\''`)}'`} ${command}`
}
