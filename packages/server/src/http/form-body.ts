import { invalidInput } from '@ramet/model/errors/errors.ts'

export const formType = 'application/x-www-form-urlencoded'

const mostFields = 50

/** A form's fields. Throws `invalid_input` for a name that comes twice (RFC 6749, 3.2) and for far too many. */
export function parseForm(text: string): Record<string, string> {
  const fields = [...new URLSearchParams(text)]
  if (fields.length > mostFields) throw invalidInput(`The body has more than ${mostFields} fields.`)
  const names = fields.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw invalidInput(`${JSON.stringify(twice.slice(0, 100))} comes twice.`)
  return Object.fromEntries(fields.filter(([name]) => name !== '__proto__'))
}
