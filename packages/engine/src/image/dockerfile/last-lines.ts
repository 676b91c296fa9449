const most = 15
const longest = 500

/** Keeps the end of what a build says. */
export function lastLines() {
  const lines: string[] = []
  return {
    add(line: string): void {
      // Control characters are a program's own: colours, cursors.
      const plain = line.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replace(/\p{Cc}/gu, '')
      if (plain.trim() === '') return
      lines.push(plain.slice(0, longest))
      if (lines.length > most) lines.shift()
    },
    toString: () => lines.join('\n'),
  }
}
