import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { saveCliToken } from '../home.ts'
import type { User } from '../services.ts'
import type { TokenAuth } from './auth.ts'

/** The token of the CLI on this machine: its text only in a file for root, its hash in the store. A file that no longer fits is replaced. */
export async function ensureCliToken(home: string, auth: TokenAuth, owner: User): Promise<void> {
  const kept = await readFile(join(home, 'secrets', 'cli-token'), 'utf8').catch(() => '')
  if (kept !== '' && (await auth.userOf(kept.trim()))) return
  await saveCliToken(home, await auth.issueApiToken(owner, 'cli on this machine'))
}
