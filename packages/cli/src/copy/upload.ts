import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Command } from '@ramet/client/sdk/command.ts'
import { writeFileCommand } from '@ramet/model/api/guest-files.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { CopyJob } from './copy-job.ts'
import { endWell, farCommand, lookAt } from './far-files.ts'
import { localTar } from './local-tar.ts'

/** Copies a file or folder into a machine. Into a folder that is there, else under the name that the target says. Answers with the bytes moved. */
export async function upload(job: CopyJob): Promise<number> {
  const { machine, user, source, recursive } = job
  const found = await stat(source).catch(() => undefined)
  if (!found) throw invalidInput(`There is no ${source}.`)
  if (found.isDirectory() && !recursive) throw invalidInput(`${source} is a folder.`, undefined, 'Copy it with -r.')
  const far = await lookAt(machine, user, job.target)
  const isInside = far.kind === 'folder' || job.target.endsWith('/')
  const target = isInside ? `${job.target.replace(/\/+$/, '')}/${basename(resolve(source))}` : job.target
  if (!found.isDirectory()) {
    const mode = (found.mode & 0o777).toString(8)
    return send(job, machine.spawn(writeFileCommand(target, { mode }), { user }), createReadStream(source), found.size)
  }
  const tar = localTar('pack', source)
  const sent = await send(job, machine.spawn(farCommand('unpack', target), { user }), tar.output, await bytesBelow(source))
  await tar.done
  return sent
}

async function send(job: CopyJob, command: Command, content: AsyncIterable<Buffer>, of: number): Promise<number> {
  let sent = 0
  let said = ''
  let isOver = false
  const reading = (async () => {
    for await (const { text } of command) said = (said + text).slice(-4000)
  })().finally(() => {
    isOver = true
  })
  // Told where it is waited for.
  reading.catch(() => {})
  for await (const bytes of content) {
    if (isOver) break
    await command.write(bytes)
    sent += bytes.length
    job.moved(sent, of)
  }
  await command.end()
  await reading
  await endWell(command, () => said)
  return sent
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  }
  return bytes
}
