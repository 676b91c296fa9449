import { randomBytes } from 'node:crypto'
import type { Playground } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import type { Base } from '@ramet/model/manifest/inherit.ts'
import { manifestProblems, parsePlaygroundBody } from '@ramet/model/manifest/parse-manifest.ts'
import type { Playgrounds, User } from '../services.ts'
import { type Db, now, transaction } from '../store/database.ts'
import {
  findPlayground,
  insertPlayground,
  listPlaygrounds,
  markPlaygroundRemoved,
  updatePlayground,
} from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { baseOf, listBases, specOf } from './catalog.ts'
import { inheritDrives } from './inherit-drives.ts'
import { newId } from './new-id.ts'
import { whatGoesOn } from './what-goes-on.ts'

export interface CatalogOptions {
  readonly db: Db
  /** Names of images that this server can build or has. */
  readonly images: () => readonly string[]
  /** Of the web app, without a slash at its end: `http://127.0.0.1:8420`. */
  readonly webUrl: () => string
  /** Layers that nothing holds any more may go. */
  readonly collect: () => Promise<void>
}

/** Playgrounds over the store. Call after `loadCatalog`: the official ones are remembered as bases for `checkManifest`, which cannot wait. */
export async function openPlaygrounds({ db, images, webUrl, collect }: CatalogOptions): Promise<Playgrounds> {
  const officialBases = await listBases(db)

  /** A playground that `user` may see: an official one or one of their own. Others' do not exist for them. */
  async function seen(user: User, name: string): Promise<PlaygroundRow> {
    const row = await findPlayground(db, name)
    if (!row || (row.owner_id !== null && row.owner_id !== user.id)) {
      throw notFound('playground', name, 'See which there are with: ramet playground catalog')
    }
    return row
  }

  async function own(user: User, name: string): Promise<PlaygroundRow> {
    const row = await seen(user, name)
    if (row.owner_id === null) throw officialStays(name)
    return row
  }

  async function show(row: PlaygroundRow): Promise<Playground> {
    return wirePlayground(row, webUrl(), await sourceOf(db, row))
  }

  async function basesFor(user: User): Promise<Base[]> {
    return (await listPlaygrounds(db)).filter(({ owner_id }) => owner_id === null || owner_id === user.id).map(baseOf)
  }

  return {
    async list(user, filter) {
      const rows = await listPlaygrounds(db)
      return Promise.all(rows.filter(filterOf(user, filter)).map(show))
    },

    async get(user, name) {
      return show(await seen(user, name))
    },

    async create(user, body) {
      const bases = await basesFor(user)
      const parsed = parsePlaygroundBody(body, { images: images(), bases })
      const base = await seen(user, parsed.base)
      const at = now()
      const row: PlaygroundRow = {
        id: newId(),
        name: '',
        owner_id: user.id,
        base: parsed.base,
        base_id: base.id,
        saved_from: null,
        title: parsed.title ?? base.title,
        description: parsed.description ?? base.description,
        categories: parsed.categories.length > 0 ? JSON.stringify(parsed.categories) : base.categories,
        markdown: parsed.markdown ?? null,
        cover: parsed.cover ?? null,
        spec: JSON.stringify(parsed.spec),
        created_at: at,
        updated_at: at,
        removed_at: null,
      }
      const named = await transaction(db, async (trx) => {
        const withName = { ...row, name: await freeName(trx, parsed.name) }
        await insertPlayground(trx, withName)
        await inheritDrives(trx, base, withName)
        return withName
      })
      return show(named)
    },

    async change(user, name, { categories, ...texts }) {
      const row = await own(user, name)
      await updatePlayground(db, row.id, {
        ...texts,
        ...(categories === undefined ? {} : { categories: JSON.stringify(categories) }),
      })
      return show(await seen(user, name))
    },

    async remove(user, name) {
      const { id } = await own(user, name)
      const goesOn = await transaction(db, async (trx) => {
        const found = await whatGoesOn(trx, id)
        await markPlaygroundRemoved(trx, id)
        return found
      })
      await collect()
      return { name, ...goesOn }
    },

    checkManifest: (text, fileName) => manifestProblems(text, fileName, { images: images(), bases: officialBases }),
  }
}

/** labctl's filters. `popular` and `recent` need figures of use that are not kept; asking for them is told, not answered with something else. */
function filterOf(user: User, filter: string | undefined): (row: PlaygroundRow) => boolean {
  switch (filter) {
    case undefined:
    case '':
    case 'base':
      return ({ owner_id }) => owner_id === null
    case 'my-custom':
      return ({ owner_id }) => owner_id === user.id
    case 'all':
      return ({ owner_id }) => owner_id === null || owner_id === user.id
    case 'community':
      return () => false
    default:
      throw invalidInput(`The filter ${filter} is not known.`, 'filter', 'Known: base, my-custom, all, community.')
  }
}

/** `my-lab` becomes `my-lab-51c9d61a`, as clients of this API expect; the whole fits a DNS label. */
async function freeName(db: Db, name: string): Promise<string> {
  for (;;) {
    const full = `${name.slice(0, 63 - 9).replace(/-+$/, '')}-${randomBytes(4).toString('hex')}`
    if (!(await findPlayground(db, full))) return full
  }
}

/** The run that a playground was saved from. Its title is told even when it is destroyed. */
export async function sourceOf(db: Db, row: PlaygroundRow): Promise<Playground['savedFrom']> {
  if (row.saved_from === null) return undefined
  return db.selectFrom('runs').select(['id', 'title']).where('id', '=', row.saved_from).executeTakeFirst()
}

/** A stored playground as the API shows it. */
export function wirePlayground(row: PlaygroundRow, webUrl: string, savedFrom: Playground['savedFrom']): Playground {
  return {
    ...specOf(row),
    id: row.id,
    owner: row.owner_id ?? '',
    name: row.name,
    base: row.base,
    title: row.title,
    description: row.description,
    categories: JSON.parse(row.categories) as string[],
    ...(row.cover === null ? {} : { cover: row.cover }),
    ...(row.markdown === null ? {} : { markdown: row.markdown }),
    published: row.owner_id === null,
    pageUrl: `${webUrl}/playgrounds/${encodeURIComponent(row.name)}`,
    createdAt: row.created_at,
    userAccess: { canList: true, canRead: true, canStart: true },
    ...(savedFrom === undefined ? {} : { savedFrom }),
  }
}

const officialStays = (name: string) =>
  new RametError('official_playground', 403, `The playground ${name} belongs to the official catalogue.`, {
    hint: 'Only playgrounds of your own can be changed or removed: ramet playground catalog -f my-custom',
  })
