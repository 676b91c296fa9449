import { imageDetailsSchema, imageFolderSchema, imageSchema } from '@ramet/model/api/host.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { z } from 'zod'
import type { Images } from '../../services.ts'
import { bodyBytes, type Route, route } from '../route.ts'

export const imageRoutes = (images: Images): Route[] => [
  route({
    method: 'GET',
    path: routes.images(),
    permission: 'image.list',
    summary: 'Images and kernel packs, there or not',
    answer: z.array(imageSchema),
    handle: () => images.listWithUses(),
  }),
  route({
    method: 'GET',
    path: routes.image(':name'),
    permission: 'image.list',
    params: ['name'],
    summary: 'One image: layers, configuration, and who uses it',
    answer: imageDetailsSchema,
    handle: ({ user, params }) => images.inspect(user, params.name),
  }),
  route({
    method: 'POST',
    path: routes.imageBuild(':name'),
    permission: 'image.build',
    params: ['name'],
    summary: 'Begins to build an image, again if there is one; progress comes by events',
    answer: imageSchema,
    handle: ({ params }) => images.build(params.name),
  }),
  route({
    method: 'POST',
    path: routes.imageFolders(),
    permission: 'image.build',
    summary: 'Takes a folder with a Dockerfile as a tar archive, and answers with the image to build from it',
    query: imageFolderSchema,
    takes: 'application/x-tar',
    bodyBytes: bodyBytes.folder,
    answer: imageSchema,
    handle: ({ query, body }) => images.addFolder(query, body as AsyncIterable<Uint8Array>),
  }),
  route({
    method: 'DELETE',
    path: routes.image(':name'),
    permission: 'image.remove',
    params: ['name'],
    summary: 'Removes an image; runs made on it keep what they need of it',
    answer: z.object({}),
    async handle({ params }) {
      await images.remove(params.name)
      return {}
    },
  }),
]
