import { z } from 'zod'

/** Longest URL that servers and browsers are sure to take. */
const longest = 2048

/**
 * Why a link must not be shown, as the end of a sentence; undefined when it may. Browsers drop tabs and ends of lines before they read a URL, take a
 * backslash for a slash and `//host` for another host (WHATWG URL, 4.4), and show what stands before an `@` like a host.
 */
function urlFault(text: string): string | undefined {
  if (!/^[^\s\x00-\x20\x7f-\x9f\\\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u.test(text))
    return 'must have no blanks, backslashes and control characters'
  if (text.startsWith('/')) return text.startsWith('//') ? 'must say https:// before a host' : undefined
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null
  if (!url || url.hostname === '') return 'must begin with https://, http:// or /'
  if (url.username !== '' || url.password !== '') return 'must not have a user or a password'
  return undefined
}

/** The address of a page: http or https, or a path on this server. */
export const pageUrlSchema = z
  .string()
  .max(longest)
  .superRefine((text, context) => {
    const message = urlFault(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** The address of a picture: as that of a page, or a file beside the manifest (`__static__/cover.png`). */
export const coverSchema = z
  .string()
  .max(longest)
  .superRefine((text, context) => {
    const isBeside = /^[\w-][\w./%~-]*$/.test(text) && !text.split('/').includes('..')
    const message = isBeside ? undefined : urlFault(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })

/** `host`, `host:port` or `[address]:port`, as in a Host header (RFC 9110, 7.2). */
export const hostSchema = z
  .string()
  .max(255)
  .regex(/^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/, 'must be a host such as localhost:8080')
