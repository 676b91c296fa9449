import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Command } from 'commander'
import type { Context, Open } from '../context.ts'
import { homeOf } from '../find-server.ts'

/** The same check as a process of its own, for a home whose server does not run. A path, not an import: the CLI does not depend on the server. */
const standalone = fileURLToPath(new URL('../../../server/src/fsck/main.ts', import.meta.url))

/** `ramet fsck` */
export function addFsck(parent: Command, open: Open): void {
  parent
    .command('fsck')
    .description('Check that what the server wrote down and what is on the disk agree. Exits 0 when clean, 1 with findings.')
    .option('--deep', 'read all memory that is kept, and compare it with its digests')
    .action(async ({ deep }: { deep?: boolean }) => {
      let context: Context | undefined
      try {
        context = await open()
        await report(context, deep)
      } catch (error) {
        const isDown = error instanceof RametError && error.code === 'server_unreachable'
        const isOwnHome = context === undefined || context.server.home !== undefined
        if (!isDown || !isOwnHome || !existsSync(standalone)) throw error
        process.exitCode = await runStandalone(deep)
      }
    })
}

async function report({ client, out }: Context, deep = false): Promise<void> {
  const findings = await client.fsck({ deep })
  for (const { code, subject, message } of findings) out.result(`${subject}: ${message} (${code})`)
  if (findings.length > 0) process.exitCode = 1
  else out.note('Clean.')
}

async function runStandalone(deep = false): Promise<number> {
  const child = spawn(process.execPath, [standalone, ...(deep ? ['--deep'] : [])], {
    stdio: 'inherit',
    env: { ...process.env, RAMET_HOME: homeOf(process.env) },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
