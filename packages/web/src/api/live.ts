import type { Event } from '@ramet/model/api/events.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import type { QueryClient } from '@tanstack/react-query'
import { isOlder, withImage, withPlay } from './merge.ts'
import { queries } from './queries.ts'

/** Writes one version of a run into everything that shows it. */
export function showPlay(cache: QueryClient, play: Play): void {
  const shown = cache.getQueryData(queries.play(play.id).queryKey)
  if (shown && isOlder(play, shown)) return
  cache.setQueryData(queries.play(play.id).queryKey, play)
  cache.setQueryData(queries.plays().queryKey, (plays) => plays && withPlay(plays, play))
}

/** Reloads what no event carries: lineages, the list of playgrounds, and disk usage. */
export async function refreshCopies(cache: QueryClient): Promise<void> {
  await Promise.all(['playgrounds', 'lineage', 'usage'].map((what) => cache.invalidateQueries({ queryKey: [what] })))
}

export function showEvent(cache: QueryClient, event: Event): void {
  if (event.kind === 'play') {
    const before = cache.getQueryData(queries.play(event.play.id).queryKey)
    showPlay(cache, event.play)
    if (before?.state !== event.play.state) void cache.invalidateQueries({ queryKey: queries.usage().queryKey })
  }
  if (event.kind === 'image') {
    cache.setQueryData(queries.images().queryKey, (images) => images && withImage(images, event.image))
  }
}
