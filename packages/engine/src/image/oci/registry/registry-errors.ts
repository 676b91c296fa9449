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

export const registryDenied = (host: string, what: string, hadCredentials: boolean) =>
  new RametError(
    'registry_denied',
    403,
    `The registry ${host} does not give ${what}${hadCredentials ? ' to the account that it was asked as' : ' to strangers'}.`,
    {
      hint: hadCredentials
        ? 'Log in as somebody who may: docker login, as the user that the server runs as.'
        : 'It may not exist either. Log in on this host with `docker login`, as the user that the server runs as.',
    },
  )

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
