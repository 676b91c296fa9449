import { z } from 'zod'
import { unwritable } from './visible-text.ts'

/** Linux: PATH_MAX counts the NUL at the end, NAME_MAX does not. */
const longest = { path: 4095, name: 255 }
const bytes = (text: string) => new TextEncoder().encode(text).length

/** Why a path cannot be one in a guest, as the end of a sentence; undefined when it can. It is written plainly, so that equal paths are equal texts. */
function pathFault(path: string): string | undefined {
  const found = unwritable(path, 'line')
  if (found !== undefined) return `must be a path without control characters and ends of lines; there is ${found}`
  if (!path.startsWith('/')) return 'must be an absolute path'
  if (path === '/') return undefined
  const names = path.slice(1).split('/')
  if (names.some((name) => name === '.' || name === '..')) return 'must not climb with .. or stay with .'
  if (names.some((name) => bytes(name) > longest.name)) return `must have names of at most ${longest.name} bytes`
  if (bytes(path) > longest.path) return `must have at most ${longest.path} bytes`
  return undefined
}

/** `//` and a slash at the end say nothing. */
const plainly = (path: string) => path.replace(/\/{2,}/g, '/')

const checked = (more: (path: string) => string | undefined) => (path: string, context: z.RefinementCtx) => {
  const message = pathFault(path) ?? more(path)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
}

/** Where the kernel's own file systems are: what is mounted there hides them, or they hide it. */
const ofTheKernel = /^\/(proc|sys|dev|run)(\/|$)/

/** Absolute path of a folder to mount something at. */
export const mountPointSchema = z
  .string()
  .max(longest.path)
  .overwrite((path) => plainly(path).replace(/(?<=.)\/$/, ''))
  .superRefine(checked((path) => (ofTheKernel.test(path) ? 'must not be in /proc, /sys, /dev or /run' : undefined)))

/** Absolute path of a file. */
export const filePathSchema = z
  .string()
  .max(longest.path)
  .overwrite(plainly)
  .superRefine(checked((path) => (path.endsWith('/') ? 'must be the absolute path of a file' : undefined)))
