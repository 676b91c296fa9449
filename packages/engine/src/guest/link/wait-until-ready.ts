import type { GuestLink } from '../guest.ts'

/** Resolves as soon as the link is ready. Rejects with the reason of `signal`, or with that of `closing`: the link was closed and will never be ready. */
export async function waitUntilReady(
  link: Pick<GuestLink, 'isReady' | 'onChange'>,
  signal: AbortSignal,
  closing: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = AbortSignal.any([closing, signal])
  const abort = () => reject(stop.reason as Error)
  const forget = link.onChange((isReady) => isReady && resolve())
  stop.addEventListener('abort', abort, { once: true })
  if (stop.aborted) abort()
  else if (link.isReady) resolve()
  try {
    await promise
  } finally {
    forget()
    stop.removeEventListener('abort', abort)
  }
}
