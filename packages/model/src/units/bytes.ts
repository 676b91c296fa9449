import { z } from 'zod'

const units: Record<string, number> = { '': 1, B: 1 }
for (const [power, letter] of ['K', 'M', 'G', 'T', 'P'].entries()) {
  // As in Kubernetes' and labctl's quantities the short form is binary too: 4G means 4GiB there.
  units[letter] = units[`${letter}iB`] = units[`${letter}i`] = 1024 ** (power + 1)
  units[`${letter}B`] = 1000 ** (power + 1)
}

/** `20GiB`, `512M`, `4096` to bytes; undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim())
  const unit = match ? units[match[2] ?? ''] : undefined
  if (!match || unit === undefined) return undefined
  const bytes = Math.round(Number(match[1]) * unit)
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
