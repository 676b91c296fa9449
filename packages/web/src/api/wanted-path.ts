import { ownPath } from '@ramet/model/units/own-path.ts'

/** Where whoever signs in wants to go: what a page of the server that had to send him here says (`/?to=PATH`), else this page. */
export const wantedPath = (): string => ownPath(askedPath() ?? location.pathname + location.search)

/** The path of a page of the server that waits for a sign-in; undefined: none does. */
export const askedPath = (): string | undefined =>
  location.pathname === '/' ? (new URLSearchParams(location.search).get('to') ?? undefined) : undefined
