import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RametError } from '@ramet/model/error.ts'
import type { Command } from 'commander'
import type { Context, Open } from '../context.ts'
import { homeOf } from '../find-server.ts'
import { printable } from '../output.ts'

/** The same check as a process of its own, for a home whose server does not run. A path, not an import: the CLI does not depend on the server. */
const standalone = fileURLToPath(new URL('../../../server/src/fsck/main.ts', import.meta.url))

/** `ramet fsck` */
export function addFsck(parent: Command, open: Open): void {
  parent
    .command('fsck')
    .description('Check that what the server wrote down and what is on the disk agree. Exits 0 when clean, 1 with findings.')
    .action(async () => {
      let context: Context | undefined
      try {
        context = await open()
        await report(context)
      } catch (error) {
        const isDown = error instanceof RametError && error.code === 'server_unreachable'
        const isOwnHome = context === undefined || context.server.home !== undefined
        if (!isDown || !isOwnHome || !existsSync(standalone)) throw error
        process.exitCode = await runStandalone()
      }
    })
}

async function report({ client, out }: Context): Promise<void> {
  const findings = await client.fsck()
  for (const { code, subject, message } of findings) out.result(printable(`${subject}: ${message} (${code})`))
  if (findings.length > 0) process.exitCode = 1
  else out.note('Clean.')
}

async function runStandalone(): Promise<number> {
  const child = spawn(process.execPath, [standalone], {
    stdio: 'inherit',
    env: { ...process.env, RAMET_HOME: homeOf(process.env) },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
