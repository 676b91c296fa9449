import type { FileHandle } from 'node:fs/promises'
import type { HeldFolder } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'

/**
 * Reads a text below a folder that others may write to: step by step, so that no link is followed. `path`: relative, without `.` and `..`.
 * Throws `no_such_file`, `not_a_file`, `file_too_large`, `not_text`.
 */
export async function textInFolder(folder: HeldFolder, path: string, mostBytes: number): Promise<string> {
  const steps = path.split('/')
  const name = steps.pop() ?? ''
  await using opened = new AsyncDisposableStack()
  try {
    let inner = folder
    for (const step of steps) inner = opened.use(await inner.folder(step))
    await using file = await inner.file(name, 'read')
    return decode(path, await wholeOf(file, path, mostBytes))
  } catch (error) {
    throw toldAs(error, path)
  }
}

/** What the file had when it was opened: one that grows meanwhile is not followed. */
async function wholeOf(file: FileHandle, path: string, mostBytes: number): Promise<Buffer> {
  const { size } = await file.stat()
  if (size > mostBytes)
    throw new RametError('file_too_large', 400, `The file ${path} has ${size} bytes; at most ${mostBytes} are read.`)
  const bytes = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new RametError('not_text', 400, `The file ${path} is not text in UTF-8.`)
  }
}

function toldAs(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'not_plain')
    return new RametError('not_a_file', 400, `${path} is a link, or no regular file.`, {
      hint: 'Put the file itself there: links in a folder of the catalogue are not followed.',
    })
  if (code === 'ENOENT') return new RametError('no_such_file', 400, `There is no file ${path}.`)
  if (error instanceof RametError) return error
  return new RametError('file_not_readable', 400, `The file ${path} cannot be read: ${message}`)
}
