import type { SearchItem, SearchQuery } from '@ramet/model/api/search.ts'
import type { Playground } from '@ramet/model/api/wire.ts'

const kind = 'playground'
const defaultLimit = 20

type Found = Pick<Playground, 'name' | 'title' | 'description' | 'categories' | 'cover' | 'pageUrl' | 'owner'>

/** Those that have each word sought in their name, title, description or categories; a word in name or title counts most. Pure. */
export function searchIn(all: readonly Found[], query: SearchQuery): { readonly items: SearchItem[]; readonly total: number } {
  const words = (query.search ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const isOfKind = query.kind.length === 0 || query.kind.includes(kind)
  const isPlain = query.tag.length === 0 && query.difficulty.length === 0
  const found = !isOfKind || !isPlain ? [] : all.filter((each) => suits(each, words, query.category))
  const inName = ({ name, title }: Found) => words.filter((word) => `${name} ${title}`.toLowerCase().includes(word)).length
  const ordered = found.toSorted((a, b) => inName(b) - inName(a))
  const offset = query.offset ?? 0
  return { items: ordered.slice(offset, offset + (query.limit ?? defaultLimit)).map(toItem), total: found.length }
}

function suits({ name, title, description, categories }: Found, words: readonly string[], wanted: readonly string[]): boolean {
  const text = [name, title, description, ...categories].join('\n').toLowerCase()
  return words.every((word) => text.includes(word)) && (wanted.length === 0 || wanted.some((each) => categories.includes(each)))
}

const toItem = ({ name, title, description, categories, cover, pageUrl, owner }: Found): SearchItem => ({
  kind,
  name,
  title,
  description,
  categories: [...categories],
  tags: [],
  ...(cover === undefined ? {} : { cover }),
  pageUrl,
  official: owner === '',
  attemptCount: 0,
  completionCount: 0,
})
