import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Command } from '@ramet/client/sdk/command.ts'
import { readFileCommand } from '@ramet/model/api/guest-files.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { CopyJob } from './copy-job.ts'
import { endWell, farCommand, lookAt } from './far-files.ts'
import { localTar, type Sink } from './local-tar.ts'

/** Copies a file or folder out of a machine. Into a folder that is there, else under the name that the target says. Answers with the bytes moved. */
export async function download(job: CopyJob): Promise<number> {
  const { machine, user, source, recursive } = job
  const far = await lookAt(machine, user, source)
  if (far.kind === 'none') throw invalidInput(`There is no ${source} in ${machine.name}.`)
  if (far.kind === 'folder' && !recursive) throw invalidInput(`${source} is a folder.`, undefined, 'Copy it with -r.')
  const isFolder = (await stat(job.target).catch(() => undefined))?.isDirectory() ?? false
  const name = basename(source) === '.' || basename(source) === '' ? machine.name : basename(source)
  const target = isFolder || job.target.endsWith('/') ? join(job.target, name) : job.target
  return far.kind === 'folder' ? takeFolder(job, target, far.bytes) : takeFile(job, target, far.bytes, far.mode)
}

async function takeFile(job: CopyJob, target: string, of: number, mode: string | undefined): Promise<number> {
  // A copy that breaks off leaves what was there.
  const partial = `${target}.ramet-part`
  const file = await open(partial, 'w', 0o600)
  try {
    const sink = { write: async (bytes: Uint8Array) => void (await file.writeFile(bytes)), end: () => file.close() }
    const taken = await take(job, job.machine.spawn(readFileCommand(job.source), { user: job.user }), sink, of)
    // Bits that give other users' rights to whoever runs it are not taken over from a guest.
    await chmod(partial, (Number.parseInt(mode ?? '644', 8) & 0o777) | 0o400)
    await rename(partial, target)
    return taken
  } catch (error) {
    await file.close().catch(() => {})
    await rm(partial, { force: true })
    throw error
  }
}

async function takeFolder(job: CopyJob, target: string, of: number): Promise<number> {
  await mkdir(target, { recursive: true })
  const tar = localTar('unpack', target)
  return take(job, job.machine.spawn(farCommand('pack', job.source), { user: job.user }), tar, of)
}

async function take(job: CopyJob, command: Command, sink: Sink, of: number): Promise<number> {
  let taken = 0
  let said = ''
  await command.end()
  for await (const { channel, bytes, text } of command) {
    if (channel === 'stderr') {
      said = (said + text).slice(-4000)
      continue
    }
    // While this waits, the machine does.
    await sink.write(bytes)
    taken += bytes.length
    job.moved(taken, of)
  }
  // What the machine says of it comes first: a tar here that was given half an archive only says that.
  const ended = sink.end()
  ended.catch(() => {})
  await endWell(command, () => said)
  await ended
  return taken
}
