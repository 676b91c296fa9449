import type { ImageConfig } from './registry/manifest.ts'

/** Variables that are of the container that the image was made for, not of a machine. */
const dropped = new Set(['container', 'HOSTNAME', 'PWD', 'OLDPWD', 'SHLVL', '_'])
const mostBytes = 32 * 1024

/**
 * What an image says of its environment, as lines of /etc/environment (pam_env(8), and our shells' `environment.c`): one quoted value each. What that
 * format cannot hold is left out: line ends, and values with both kinds of quotes.
 */
export function environmentLines(variables: readonly string[]): string {
  let text = ''
  for (const variable of variables) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=([^\x00-\x1f\x7f]*)$/.exec(variable)
    const [, name = '', value = ''] = match ?? []
    if (!match || dropped.has(name) || (value.includes('"') && value.includes("'"))) continue
    const quote = value.includes('"') ? "'" : '"'
    const line = `${name}=${quote}${value}${quote}\n`
    if (text.length + line.length > mostBytes) break
    text += line
  }
  // The file may end without a line end.
  return text === '' ? '' : `\n${text}`
}

/** A text that goes behind what a file of the image has, or makes it. */
export interface AddedText {
  readonly path: string
  readonly text: string
}

/** What an image without an init gets, for shells in its machines (`account.c`): they begin with its environment, in its working folder. */
export function textsForShells({ environment, workingFolder }: Pick<ImageConfig, 'environment' | 'workingFolder'>): AddedText[] {
  const texts = [{ path: 'etc/environment', text: environmentLines(environment) }]
  if (/^\/[^\x00-\x1f\x7f]{1,500}$/.test(workingFolder))
    texts.push({ path: 'var/lib/ramet/working-folder', text: `${workingFolder}\n` })
  return texts.filter(({ text }) => text !== '')
}
