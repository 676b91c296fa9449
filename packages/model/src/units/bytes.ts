import { z } from 'zod'

const powers = ['', 'k', 'm', 'g', 't', 'p']

/**
 * `20GiB`, `512M`, `10GIB`, `2Gi`, `20 gib`, `4096` to bytes; undefined when it is no size. Letters may be of either case. The short form is binary
 * too, as in Kubernetes' and labctl's quantities: 4G means 4GiB there. Only KB, MB, GB… are decimal.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)(b?)$/i.exec(text.trim())
  if (!match) return undefined
  const [, number, letter = '', binary = '', byte = ''] = match
  if (letter === '' && binary !== '') return undefined
  const base = binary === '' && byte !== '' ? 1000 : 1024
  const bytes = Math.round(Number(number) * base ** powers.indexOf(letter.toLowerCase()))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Bytes in the largest binary unit that leaves at most one decimal: `20GiB`, `1.5GiB`, `253.4MiB`. */
export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)}${names[unit]}`
}

/** For reading: `20 GiB`, held together by a no-break space. */
export const describeBytes = (bytes: number): string => formatBytes(bytes).replace(/(?=[A-Z])/, '\u00a0')

/** A size as text (`20GiB`) or as a number of bytes; kept as text, since manifests are printed back as they came. */
export const bytesSchema = z.union([z.string().max(40), z.number().int().positive()]).transform((value, context) => {
  const text = String(value).trim()
  const bytes = parseBytes(text)
  if (bytes === undefined || bytes <= 0) {
    context.addIssue({ code: 'custom', message: 'must be a size such as 20GiB or 512MiB' })
    return z.NEVER
  }
  return text
})
