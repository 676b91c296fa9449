import { openInspection } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import { visibleLine, visibleText } from '@ramet/model/units/visible-text.ts'
import { storeAddress } from '../store/address.ts'
import { openDatabase } from '../store/database.ts'
import { fsck } from './fsck.ts'

/** `node fsck/main.ts [--deep]`: checks RAMET_HOME (and RAMET_DATABASE), beside a running server or without one; `--deep` also reads all kept memory. Exit status 0: clean, 1: findings, 2: the check could not run. */
const isDeep = process.argv.includes('--deep')
const home = process.env.RAMET_HOME ?? '/var/lib/ramet'
try {
  const db = await openDatabase({ ...storeAddress(home, process.env.RAMET_DATABASE || undefined), readOnly: true })
  try {
    const findings = await fsck({ db, files: openInspection(home), insideDrives: true, allMemory: isDeep })
    for (const { code, subject, message } of findings) process.stdout.write(`${visibleLine(`${code}  ${subject}: ${message}`)}\n`)
    process.exitCode = findings.length === 0 ? 0 : 1
  } finally {
    await db.destroy()
  }
} catch (error) {
  const hint = error instanceof RametError && error.hint !== undefined ? `\n${error.hint}` : ''
  process.stderr.write(visibleText(`${error instanceof Error ? error.message : String(error)}${hint}\n`))
  process.exitCode = 2
}
