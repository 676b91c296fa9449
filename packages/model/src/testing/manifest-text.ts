import assert from 'node:assert/strict'

/** Pieces that tests of manifests are written with. */
export const drives = 'drives: [{source: debian-stable, mount: /}]'

/** A manifest around the lines of its inner part; these begin at line 4. */
export const inner = (lines: string) => `kind: playground\ntitle: Two machines\nplayground:\n${lines}`

/** A manifest of one machine with these lines. */
export const one = (lines: string) => inner(`  machines:\n    - name: a\n${lines.replace(/^/gm, '      ')}\n`)

/** Where `mark` first stands in the text, as a problem of the file `m.yaml` says it. */
export function positionIn(text: string, mark: string): string {
  const before = text.slice(0, text.indexOf(mark))
  assert.ok(text.includes(mark), mark)
  return `m.yaml:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`
}
