import { limits } from '../manifest/manifest.ts'

/** Default title of a run. */
export const defaultRunTitle = (id: string): string => `Run ${id}`

interface Titled {
  readonly id: string
  readonly title: string
  readonly playgroundTitle: string
}

/** Describes a run in its owner's words: its title, or its playground if it has only the default title. */
export const subjectOfTitle = ({ id, title, playgroundTitle }: Titled): string =>
  title === defaultRunTitle(id) ? playgroundTitle : title

/** A playground's title has at least as many characters. */
const shortest = 5
const suffix = ', saved'

/** Default title of a playground that is saved from a run. It differs from that of the run's own playground. */
export function savedTitle(run: Titled): string {
  const { title } = run
  if (subjectOfTitle(run) === title && title.length >= shortest) return title
  // By characters, so that no surrogate pair is cut.
  return [...subjectOfTitle(run)].slice(0, limits.title - suffix.length).join('') + suffix
}
