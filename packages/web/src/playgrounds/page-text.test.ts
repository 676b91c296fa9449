import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePage } from './page-text.ts'

const kinds = (markdown: string) => parsePage(markdown).map(({ kind }) => kind)

test('headings, paragraphs, lists and both kinds of code are told apart', () => {
  const page =
    '# Title\nFirst line\nsecond line\n\n1. one\n2. two\n   goes on\n\n- a\n- b\n\n    code # no heading\n\n    more\n\n```sh\n# fenced\n```\nEnd\n'
  assert.deepEqual(kinds(page), ['heading', 'paragraph', 'list', 'list', 'code', 'code', 'paragraph'])
  const [, paragraph, ordered, , code, fenced] = parsePage(page)
  assert.deepEqual(paragraph, { kind: 'paragraph', spans: [{ kind: 'text', text: 'First line second line' }] })
  assert.deepEqual(ordered?.kind === 'list' && [ordered.isOrdered, ordered.items.length, ordered.items[1]?.[0]?.text], [
    true,
    2,
    'two goes on',
  ])
  assert.deepEqual(
    [code, fenced],
    [
      { kind: 'code', text: 'code # no heading\n\nmore' },
      { kind: 'code', text: '# fenced' },
    ],
  )
})

test('code, emphasis and links stand in lines; a link leads to the web alone, and HTML stays text', () => {
  const [block] = parsePage(
    'See `a [b](c)`, **bold**, [web](https://example.org/a), [app](/runs/1), [js](javascript:alert%281%29) <b>x</b>',
  )
  assert.deepEqual(block?.kind === 'paragraph' && block.spans.filter(({ kind }) => kind !== 'text'), [
    { kind: 'code', text: 'a [b](c)' },
    { kind: 'strong', text: 'bold' },
    { kind: 'link', text: 'web', url: 'https://example.org/a' },
  ])
  assert.match(JSON.stringify(block), /<b>x<\/b>/)
})

test('a page that is cut off anywhere, or is nothing but marks, is read to its end', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../playgrounds/router/README.md'), 'utf8')
  for (let end = 0; end < page.length; end += 7) parsePage(page.slice(0, end))
  for (const mark of ['`', '*', '[', '](', '#', '- ', '    ', '```', '1. ']) parsePage(mark.repeat(20_000))
})

test('every page of the catalogue is read whole: no mark of it is left in a text', () => {
  const folder = join(import.meta.dirname, '../../../../playgrounds')
  for (const file of globSync('*/README.md', { cwd: folder })) {
    const texts = parsePage(readFileSync(join(folder, file), 'utf8')).flatMap((block) => ('spans' in block ? block.spans : []))
    for (const { kind, text } of texts) if (kind === 'text') assert.doesNotMatch(text, /`|\*\*|^#|\]\(/, `${file}: ${text}`)
  }
})
