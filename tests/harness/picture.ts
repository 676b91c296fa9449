import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Takes pictures of a page, light and dark, into the folder RAMET_PICTURES, for whoever wants to look; without it nothing. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.RAMET_PICTURES
  if (folder === undefined) return
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: 'disabled' })
  }
}
