import { basename, resolve } from 'node:path'
import type { Client } from '@ramet/client/client-shape.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { isBuildSource, parseBuildSource } from '@ramet/model/units/build-source.ts'
import { interruptible } from '../context.ts'
import { createProgress, silence } from '../progress.ts'
import { untilBuilt } from '../until-built.ts'
import { packFolder } from './pack-folder.ts'

export interface BuildFolderOptions {
  /** A name for what comes of it. */
  readonly tag?: string | undefined
  readonly quiet?: boolean | undefined
}

/** Sends a folder with a Dockerfile to the server and waits until its image is there; the same content is built once. Returns the image's name. Throws what the build does. */
export async function buildFolder(client: Client, folder: string, { tag, quiet }: BuildFolderOptions): Promise<string> {
  const progress = quiet ? silence : createProgress()
  try {
    progress.show({ message: `Sending ${folder}` })
    const name = basename(resolve(folder))
    const sent = await packFolder(folder, (archive) =>
      client.images.addFolder({ name, ...(tag === undefined ? {} : { tag }) }, archive),
    )
    if (sent.state === 'ready') return sent.name
    const note = `${sent.name} is still being built. See it: ramet image ls`
    const asked = await client.images.build(sent.name)
    const image = await interruptible(note, (signal) => untilBuilt(client, asked, progress, signal))
    if (image.error) throw new RametError(image.error.code, 500, image.error.message, { hint: image.error.hint })
    return image.name
  } finally {
    progress.end()
  }
}

/** The same spec with each folder that its drives are built from sent and built, and called by its content. `beside`: the folder that theirs are relative to. */
export async function withBuiltSources(
  client: Client,
  spec: ManifestSpec,
  beside: string,
  quiet: boolean,
): Promise<ManifestSpec> {
  const built = new Map<string, string>()
  for (const source of spec.machines.flatMap(({ drives }) => drives.flatMap((drive) => drive.source ?? []))) {
    const build = isBuildSource(source) ? parseBuildSource(source) : undefined
    if (build && 'folder' in build && !built.has(source))
      built.set(source, await buildFolder(client, resolve(beside, build.folder), { quiet }))
  }
  if (built.size === 0) return spec
  const machines = spec.machines.map((machine) => ({
    ...machine,
    drives: machine.drives.map((drive) => ({ ...drive, source: built.get(drive.source ?? '') ?? drive.source })),
  }))
  return { ...spec, machines }
}
