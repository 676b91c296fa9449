import { RametError } from '@ramet/model/errors/error.ts'

/** What can go wrong between here and a registry. Each names the host and what was asked of it. */
export const registryUnreachable = (host: string, what: string, why: string, cause?: unknown) =>
  new RametError('registry_unreachable', 503, `The registry ${host} cannot be reached for ${what}: ${why}`, {
    cause,
    hint: 'What was pulled before starts without it, and so do the images that are built here: ramet image ls',
  })

/** It answered, but not as a registry should. */
export const registryFailed = (host: string, what: string, why: string) =>
  new RametError('registry_failed', 502, `The registry ${host} failed at ${what}: ${why}`, {
    hint: 'Try again later, or ask whoever runs it.',
  })

/** `asked`: with the login of a playground, with one of this host, or with none. */
export function registryDenied(host: string, what: string, asked: 'playground' | 'host' | 'stranger'): RametError {
  const account = {
    playground: 'the account of the playground’s `registryAuth`',
    host: 'the account that it was asked as',
    stranger: 'strangers',
  }
  const hint = {
    playground: 'See that name and password are right, and that this account may pull it.',
    host: 'Log in as somebody who may: docker login, as the user that the server runs as.',
    stranger:
      'It may not exist either. Give the manifest `registryAuth: user:password`, or log in on this host with `docker login`, as the user that the server runs as.',
  }
  return new RametError('registry_denied', 403, `The registry ${host} does not give ${what} to ${account[asked]}.`, {
    hint: hint[asked],
  })
}

export const notInRegistry = (host: string, what: string) =>
  new RametError('image_not_found', 404, `The registry ${host} has no ${what}.`, { hint: 'See that name and tag are right.' })

export const imageCorrupt = (host: string, what: string, why: string) =>
  new RametError('image_corrupt', 502, `The registry ${host} sent a damaged ${what}: ${why}`, {
    hint: 'Nothing of it was kept. Try again later.',
  })

/** On this host's own disk. */
export const blobDamaged = (digests: readonly string[]) =>
  new RametError(
    'image_corrupt',
    500,
    `Layers of the cache were damaged on the disk and have been removed: ${digests.join(', ')}.`,
    {
      hint: 'Try again: they are fetched anew.',
    },
  )
