const here = 'http://here.invalid'

/** A path of this server to come back to; whatever leads elsewhere, or might be read so, is `/`. */
export function ownPath(text: string | undefined | null): string {
  if (!text?.startsWith('/') || text.length > 2000) return '/'
  const url = URL.parse(text, here)
  // `/..//elsewhere` has the path `//elsewhere`, which is a host when it is read again.
  if (url?.origin !== here || url.pathname.startsWith('//')) return '/'
  return url.pathname + url.search + url.hash
}
