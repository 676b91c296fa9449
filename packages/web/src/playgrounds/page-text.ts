/** A piece of a line. */
export type Span =
  | { readonly kind: 'text' | 'code' | 'strong'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly spans: readonly Span[] }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly isOrdered: boolean; readonly items: readonly (readonly Span[])[] }

/** The part of Markdown that pages of playgrounds are written in (CommonMark): headings, paragraphs, lists of one level, code, emphasis and links. All else stays text, HTML too. */
export function parsePage(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.replaceAll('\t', '    ').split('\n')
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    const heading = /^(#{1,6}) +(.*?) *#*$/.exec(line)
    if (line.trim() === '') at += 1
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, spans: parseSpans(heading[2] ?? '') })
      at += 1
    } else if (/^ {0,3}```/.test(line)) {
      const end = lines.findIndex((each, index) => index > at && /^ {0,3}``` *$/.test(each))
      const last = end < 0 ? lines.length : end
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') })
      at = last + 1
    } else if (/^ {4}/.test(line)) {
      const last = endOf(lines, at, (each) => /^ {4}/.test(each) || each.trim() === '')
      const text = lines.slice(at, last).map((each) => each.slice(4))
      blocks.push({ kind: 'code', text: text.join('\n').trimEnd() })
      at = last
    } else if (item.test(line)) {
      const last = endOf(lines, at, (each) => item.test(each) || /^ {2,}\S/.test(each))
      blocks.push({ kind: 'list', isOrdered: /^\d/.test(line), items: itemsOf(lines.slice(at, last)).map(parseSpans) })
      at = last
    } else {
      const last = endOf(lines, at, (each) => each.trim() !== '' && !/^(#{1,6} |```)/.test(each) && !item.test(each))
      blocks.push({ kind: 'paragraph', spans: parseSpans(lines.slice(at, last).join(' ')) })
      at = last
    }
  }
  return blocks
}

const item = /^(?:[-*]|\d{1,3}[.)]) +/

function endOf(lines: readonly string[], from: number, goesOn: (line: string) => boolean): number {
  let end = from + 1
  while (end < lines.length && goesOn(lines[end] ?? '')) end += 1
  return end
}

/** What stands below an item, indented, belongs to it. */
function itemsOf(lines: readonly string[]): string[] {
  const items: string[] = []
  for (const line of lines) {
    if (item.test(line)) items.push(line.replace(item, ''))
    else items.push(`${items.pop() ?? ''} ${line.trim()}`)
  }
  return items
}

const span = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^()\s]+)\)/g

function parseSpans(text: string): Span[] {
  const spans: Span[] = []
  let at = 0
  for (const match of text.matchAll(span)) {
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) })
    const [all, code, strong, named = '', url = ''] = match
    const label = named.replaceAll('`', '')
    if (code !== undefined) spans.push({ kind: 'code', text: code })
    else if (strong !== undefined) spans.push({ kind: 'strong', text: strong })
    // Where a link leads is the author's word: only to the web, and never within the app.
    else if (/^https?:\/\//.test(url)) spans.push({ kind: 'link', text: label, url })
    else spans.push({ kind: 'text', text: label })
    at = match.index + all.length
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) })
  return spans
}
