import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { invalidInput } from '@ramet/model/errors/errors.ts'

/** A file, or standard input for `-`, with the name that errors call it by. */
export async function readInput(file: string): Promise<{ text: string; name: string }> {
  if (file === '-') return { text: await text(process.stdin), name: '<stdin>' }
  try {
    return { text: await readFile(file, 'utf8'), name: file }
  } catch (cause) {
    throw invalidInput(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`)
  }
}
