/** One word for any shell, whatever is in it. NUL cannot be in a word, and is left out. */
export const shellWord = (text: string): string =>
  /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll('\0', '').replaceAll("'", `'\\''`)}'`

/** A command whose program and arguments are exactly these. */
export const shellCommand = (words: readonly string[]): string => words.map(shellWord).join(' ')
