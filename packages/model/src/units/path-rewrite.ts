import { z } from 'zod'

/** One or more segments of plain characters: `/app/v1`; `/` alone is the top. */
const path = String.raw`\/[A-Za-z0-9._~!$&'()*+,;=@%/-]*`
const rule = new RegExp(`^(?:(${path}):)?(${path})$`)

/**
 * How the path of a request is changed on its way to a published port: `/app` goes before every path; with `/from:/to` what begins with `/from` begins with `/to` instead.
 */
export const pathRewriteSchema = z
  .string()
  .max(2048)
  .regex(rule, 'must be a path such as /app, which goes before every path, or two such as /from:/to')
  .refine((text) => !text.split(/[/:]/).includes('..'), 'must not lead upwards')

/** Applies a rule to a path with its query. What is no rule, and a path that a rule is not about, changes nothing. */
export function rewritePath(text: string | undefined, target: string): string {
  const [, from, to] = rule.exec(text ?? '') ?? []
  if (to === undefined) return target
  if (from === undefined) return joined(to, target)
  const rest = from.replace(/\/+$/, '')
  const isBelow = target === rest || target.startsWith(`${rest}/`) || target.startsWith(`${rest}?`)
  return isBelow ? joined(to, target.slice(rest.length)) : target
}

const joined = (before: string, rest: string): string => {
  const start = before.replace(/\/+$/, '')
  return rest.startsWith('/') ? `${start}${rest}` : `${start || '/'}${rest}`
}
