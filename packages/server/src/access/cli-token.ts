import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { saveCliToken } from '../home.ts'
import type { User } from '../services.ts'
import type { TokenAuth } from './auth.ts'

/** Makes sure the CLI on this machine has a token: its text is only in a file for root, its hash in the store. A file that does not match is replaced. */
export async function ensureCliToken(home: string, auth: TokenAuth, owner: User): Promise<void> {
  const kept = await readFile(join(home, 'secrets', 'cli-token'), 'utf8').catch(() => '')
  if (kept !== '' && (await auth.userOf(kept.trim()))) return
  await saveCliToken(home, await auth.issueApiToken(owner, 'cli on this machine'))
}
