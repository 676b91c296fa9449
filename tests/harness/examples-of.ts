const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => (...values: unknown[]) => Promise<void>

/** The JavaScript examples of a page, one after the other. Throws when there is none. */
export function codeOf(page: string): string {
  const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code)
  if (examples.length === 0) throw new Error('The page has no examples.')
  return examples.join('\n')
}

/** The JavaScript examples of a page, one after the other as one program. What they import, and what they take for granted, is given by name. */
export function examplesOf(page: string): (given: Readonly<Record<string, unknown>>) => Promise<void> {
  const code = codeOf(page).replace(/^import .*$/gm, '')
  return async (given) => new AsyncFunction(...Object.keys(given), code)(...Object.values(given))
}
