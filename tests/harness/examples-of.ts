const AsyncFunction = (async () => {}).constructor as new (...words: string[]) => (...values: unknown[]) => Promise<void>

/** The JavaScript examples of a page, one after the other as one program. What they import, and what they take for granted, is given by name. */
export function examplesOf(page: string): (given: Readonly<Record<string, unknown>>) => Promise<void> {
  const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code = '']) => code.replace(/^import .*$/gm, ''))
  if (examples.length === 0) throw new Error('The page has no examples.')
  return async (given) => new AsyncFunction(...Object.keys(given), examples.join('\n'))(...Object.values(given))
}
