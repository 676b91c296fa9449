const longest = 32

/** A user's name that is like a name elsewhere (`Ann.B@example.org` is `ann-b`). `count` from 2: with this number behind it. */
export function nameFor(like: string, count: number): string {
  const [local = ''] = like.split('@')
  const plain = local
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+/, '')
  const number = count === 1 ? '' : `-${count}`
  const name = plain.slice(0, longest - number.length).replace(/-+$/, '')
  return `${name === '' ? 'user' : name}${number}`
}
