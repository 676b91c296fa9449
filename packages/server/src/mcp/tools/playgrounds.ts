import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { printManifest } from '@ramet/model/manifest/print-manifest.ts'
import { z } from 'zod'
import { playgroundName } from '../fields.ts'
import { playgroundBriefOf } from '../sight.ts'
import { type Tool, tool } from '../tool.ts'

/** Tools about playgrounds, which runs are started of. */
export const playgroundTools: readonly Tool[] = [
  tool({
    name: 'list_playgrounds',
    title: 'List playgrounds',
    description: 'Playgrounds that runs can be started of: the official ones, those of the team, and your own.',
    scope: 'playground:read',
    input: z.object({
      filter: z.enum(['base', 'my-custom', 'all']).default('all').describe('base: the official ones; my-custom: your own'),
    }),
    async run({ filter }, { services, user }) {
      return { playgrounds: (await services.playgrounds.list(user, filter)).map(playgroundBriefOf) }
    },
  }),
  tool({
    name: 'get_playground_manifest',
    title: 'Read a manifest',
    description: 'The manifest of a playground as YAML: its machines, networks, users and tasks.',
    scope: 'playground:read',
    input: z.object({ name: playgroundName }),
    async run({ name }, { services, user }) {
      return { manifest: printManifest(plainSpec(await services.playgrounds.get(user, name))) }
    },
  }),
  tool({
    name: 'list_rootfs_sources',
    title: 'List images',
    description: 'Images that a drive of a manifest can name as its source, and whether they are built.',
    scope: 'playground:read',
    input: z.object({}),
    async run(_input, { services }) {
      const images = services.images.list().filter(({ kind }) => kind === 'image')
      return { images: images.map(({ name, description, state }) => ({ name, description, state })) }
    },
  }),
  tool({
    name: 'remove_playground',
    title: 'Remove a playground',
    description: 'Removes a playground of your own, for good. Runs and playgrounds that were made of it go on.',
    scope: 'playground:write',
    input: z.object({ name: playgroundName }),
    run: ({ name }, { services, user }) => services.playgrounds.remove(user, name),
  }),
]
