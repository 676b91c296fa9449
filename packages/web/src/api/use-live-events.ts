import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { usePageIsVisible } from '../ui/use-page-is-visible.ts'
import { client } from './client.ts'
import { showEvent } from './live.ts'
import { queries } from './queries.ts'
import { isNotAuthenticated } from './session.ts'

/**
 * Keeps everything shown up to date while the page can be seen. Hidden pages let go of the stream: over HTTP/1.1 a browser holds
 * six connections to a server, and six forgotten tabs would leave none. Returns false while the server is away.
 */
export function useLiveEvents(): boolean {
  const cache = useQueryClient()
  const isVisible = usePageIsVisible()
  const [isLive, setIsLive] = useState(true)

  useEffect(() => {
    if (!isVisible) return
    const leaving = new AbortController()
    const watch = async () => {
      const events = client.events({
        signal: leaving.signal,
        onOpen: () => {
          setIsLive(true)
          // Whatever happened before the stream stood was not told.
          for (const what of ['plays', 'play', 'images', 'health']) void cache.invalidateQueries({ queryKey: [what] })
        },
        onBreak: () => setIsLive(false),
      })
      for await (const event of events) showEvent(cache, event)
    }
    watch().catch((error) => {
      if (leaving.signal.aborted) return
      setIsLive(false)
      if (isNotAuthenticated(error)) void cache.resetQueries(queries.me())
    })
    return () => leaving.abort()
  }, [cache, isVisible])

  return isLive
}
