import type { Image } from '@ramet/model/api/host.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { isGone } from '@ramet/model/run/run-state.ts'

/** The list with `play` in it: replaced where it stands, first when it is new (the newest run comes first), absent when it is gone. */
export function withPlay(plays: readonly Play[], play: Play): Play[] {
  if (isGone(play.state)) return plays.filter(({ id }) => id !== play.id)
  if (plays.some(({ id }) => id === play.id)) return plays.map((other) => (other.id === play.id ? play : other))
  return [play, ...plays]
}

export function withImage(images: readonly Image[], image: Image): Image[] {
  // An event does not tell whether anything uses it.
  if (images.some(({ name }) => name === image.name))
    return images.map((other) => (other.name === image.name ? { isUsed: other.isUsed, ...image } : other))
  return [...images, image]
}

/** Answers to actions and events race; the older version of a run must not win. */
export const isOlder = (play: Play, than: Play): boolean => Date.parse(play.updatedAt) < Date.parse(than.updatedAt)
