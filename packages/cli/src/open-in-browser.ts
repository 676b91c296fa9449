import { spawn } from 'node:child_process'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Desktop, desktopOf } from './desktop.ts'

/** xdg-open ends at once, or stays as the browser that it became. */
const startsWithinMs = 2_000
/** A browser that has not read the page by then shows an error, and the link is on the terminal too. */
const keptForSeconds = 60

/**
 * Opens a link in the user's browser; false where there is none, never an error. The link is a secret, and every user of the host can read the words
 * of a command (/proc/PID/cmdline): so the browser is given a page of its own user's that leads on to the link.
 */
export async function openInBrowser(link: string): Promise<boolean> {
  try {
    const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
    const desktop = desktopOf(process.env, process.getuid?.(), passwd)
    return desktop !== undefined && (await openOn(desktop, link))
  } catch {
    return false
  }
}

async function openOn(desktop: Desktop, link: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-login-'))
  const page = join(folder, 'open.html')
  await writeFile(page, pageTo(link), { mode: 0o600, flag: 'wx' })
  if (desktop.user) for (const path of [page, folder]) await chown(path, desktop.user.uid, desktop.user.gid)
  const isOpened = await starts(desktop, page)
  if (isOpened) removeLater(folder)
  else await rm(folder, { recursive: true, force: true })
  return isOpened
}

function starts({ env, user }: Desktop, page: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('xdg-open', [page], { env, ...user, stdio: 'ignore', detached: true })
    const timer = setTimeout(() => resolve(true), startsWithinMs)
    const settle = (isOpened: boolean) => {
      clearTimeout(timer)
      resolve(isOpened)
    }
    child.on('error', () => settle(false))
    child.on('exit', (code) => settle(code === 0))
    child.unref()
  })
}

/** This process does not wait for the browser. */
function removeLater(folder: string): void {
  const words = ['-c', `sleep ${keptForSeconds}; rm -rf -- "$1"`, 'sh', folder]
  spawn('sh', words, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}

function pageTo(link: string): string {
  const text = link.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${text}">
<title>Ramet</title>
<p><a href="${text}">Open Ramet</a></p>
`
}
