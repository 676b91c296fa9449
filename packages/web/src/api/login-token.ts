/** The token of a printed login link (`/#login=TOKEN`), or of such a link or a bare token pasted by hand; undefined when there is none. */
export function loginTokenOf(text: string): string | undefined {
  const trimmed = text.trim()
  const fragment = /#login=([^&\s]+)/.exec(trimmed)
  if (fragment) return decode(fragment[1]!)
  return /^[\w.~+/=-]+$/.test(trimmed) && !trimmed.includes('://') ? trimmed : undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** Takes the login token out of the address bar, so that it is neither bookmarked nor seen over a shoulder. */
export function takeLoginToken(): string | undefined {
  if (!location.hash.startsWith('#login=')) return undefined
  const token = loginTokenOf(location.hash)
  history.replaceState(history.state, '', location.pathname + location.search)
  return token
}
