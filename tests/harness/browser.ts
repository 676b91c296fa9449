import { rm } from 'node:fs/promises'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { testFolder } from '../../scripts/testing/test-folders.ts'

/** Debian's chromium on a profile of its own. Nothing but the pages asked for is loaded. `more`: further words of its command. */
export async function openBrowser(
  more: readonly string[] = [],
): Promise<{ context: BrowserContext; page: Page; close(): Promise<void> }> {
  const profile = testFolder('chromium')
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1280, height: 800 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
  const page = context.pages()[0] ?? (await context.newPage())
  return {
    context,
    page,
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
