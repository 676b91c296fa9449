import { routes } from '@ramet/model/api/routes.ts'
import {
  answerOfferSchema,
  catalogSchema,
  changePlaygroundSchema,
  checkManifestSchema,
  createPlaygroundSchema,
  offerPlaygroundSchema,
  playgroundSchema,
  removedPlaygroundSchema,
} from '@ramet/model/api/wire.ts'
import { problemSchema } from '@ramet/model/errors/error.ts'
import { lineSchema } from '@ramet/model/units/plain-text.ts'
import { z } from 'zod'
import type { Playgrounds } from '../../services.ts'
import { bodyBytes, type Route, route } from '../route.ts'

export const playgroundRoutes = (playgrounds: Playgrounds): Route[] => [
  route({
    method: 'GET',
    path: routes.playgrounds(),
    permission: 'playground.list',
    summary: 'The catalogue',
    query: z.object({ filter: lineSchema(0, 100).optional() }),
    answer: z.array(playgroundSchema),
    handle: ({ user, query }) => playgrounds.list(user, query.filter || undefined),
  }),
  route({
    method: 'POST',
    path: routes.playgrounds(),
    permission: 'playground.create',
    summary: 'Makes a playground from a manifest',
    body: createPlaygroundSchema,
    bodyBytes: bodyBytes.manifest,
    answer: playgroundSchema,
    handle: ({ user, body }) => playgrounds.create(user, body),
  }),
  route({
    method: 'GET',
    path: routes.playground(':name'),
    permission: 'playground.read',
    params: ['name'],
    summary: 'One playground',
    answer: playgroundSchema,
    handle: ({ user, params }) => playgrounds.get(user, params.name),
  }),
  route({
    method: 'PUT',
    path: routes.playground(':name'),
    permission: 'playground.change',
    params: ['name'],
    summary: 'Makes a playground anew from a manifest; its name, its base and its runs stay as they are',
    body: createPlaygroundSchema,
    bodyBytes: bodyBytes.manifest,
    answer: playgroundSchema,
    handle: ({ user, params, body }) => playgrounds.update(user, params.name, body),
  }),
  route({
    method: 'DELETE',
    path: routes.playground(':name'),
    permission: 'playground.remove',
    params: ['name'],
    summary: 'Removes a playground; runs and playgrounds made from it go on, and the answer names them',
    answer: removedPlaygroundSchema,
    handle: ({ user, params }) => playgrounds.remove(user, params.name),
  }),
  route({
    method: 'PATCH',
    path: routes.playground(':name'),
    permission: 'playground.change',
    params: ['name'],
    summary: 'Changes what is said of a playground, who may use it and who writes it too; not what it is made of',
    body: changePlaygroundSchema,
    bodyBytes: bodyBytes.texts,
    answer: playgroundSchema,
    handle: ({ user, params, body }) => playgrounds.change(user, params.name, body),
  }),
  route({
    method: 'POST',
    path: routes.playgroundTransfer(':name'),
    permission: 'playground.transfer',
    params: ['name'],
    summary: 'Offers a playground to another user, who is its owner when he takes it',
    body: offerPlaygroundSchema,
    answer: playgroundSchema,
    handle: ({ user, params, body }) => playgrounds.offer(user, params.name, body.to),
  }),
  route({
    method: 'DELETE',
    path: routes.playgroundTransfer(':name'),
    permission: 'playground.transfer',
    params: ['name'],
    summary: 'Takes such an offer back',
    answer: playgroundSchema,
    handle: ({ user, params }) => playgrounds.offer(user, params.name, undefined),
  }),
  route({
    method: 'POST',
    path: routes.playgroundOffer(':name'),
    permission: 'playground.accept',
    params: ['name'],
    summary: 'Takes a playground that is offered to the user, or not',
    body: answerOfferSchema,
    answer: z.object({ playground: playgroundSchema.optional() }),
    async handle({ user, params, body }) {
      const playground = await playgrounds.answerOffer(user, params.name, body.take)
      return playground ? { playground } : {}
    },
  }),
  route({
    method: 'GET',
    path: routes.catalog(),
    permission: 'playground.list',
    summary: 'Playgrounds of the team’s folder that cannot be taken as they are, with their faults',
    answer: catalogSchema,
    handle: async () => ({ broken: [...playgrounds.broken()] }),
  }),
  route({
    method: 'POST',
    path: routes.manifestCheck(),
    permission: 'playground.list',
    summary: 'All errors and warnings of a manifest; none when it is good',
    body: checkManifestSchema,
    bodyBytes: bodyBytes.manifest,
    answer: z.object({ problems: z.array(problemSchema) }),
    handle: async ({ user, body }) => ({ problems: [...(await playgrounds.checkManifest(user, body.text, body.fileName))] }),
  }),
]
