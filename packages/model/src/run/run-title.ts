import { limits } from '../manifest/manifest.ts'

/** What a run is called that nobody gave a title. */
export const defaultRunTitle = (id: string): string => `Run ${id}`

interface Titled {
  readonly id: string
  readonly title: string
  readonly playgroundTitle: string
}

/** What a run is of, in its owner's words: a run that nobody gave a title is told by its playground, since its id says nothing about what was made of it. */
export const subjectOfTitle = ({ id, title, playgroundTitle }: Titled): string =>
  title === defaultRunTitle(id) ? playgroundTitle : title

/** A playground's title has at least as many characters. */
const shortest = 5
const suffix = ', saved'

/** The title of a playground that is saved from a run, where none is given: never that of the playground it is a run of. */
export function savedTitle(run: Titled): string {
  const { title } = run
  if (subjectOfTitle(run) === title && title.length >= shortest) return title
  // By characters, so that no surrogate pair is cut.
  return [...subjectOfTitle(run)].slice(0, limits.title - suffix.length).join('') + suffix
}
