import { randomBytes } from 'node:crypto'
import { can } from '@ramet/model/access/can.ts'
import { defaultLimits, type Limits, limitReached } from '@ramet/model/access/limits.ts'
import { accessOf } from '@ramet/model/access/sharing.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import type { Base } from '@ramet/model/manifest/inherit.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { manifestSpecSchema } from '@ramet/model/manifest/manifest.ts'
import { type RegistryAuth, registryAuthOf } from '@ramet/model/manifest/registry-auth.ts'
import { simplestFirst } from '@ramet/model/plan/needs.ts'
import { permittedPlayground, withGroups } from '../access/membership.ts'
import { subjectOfPlayground } from '../access/permit.ts'
import type { ManifestReader } from '../manifests/manifest-reader.ts'
import type { Playgrounds, User } from '../services.ts'
import { type Db, now, transaction } from '../store/database.ts'
import { runsOfPlayground, sourcesOfSaved } from '../store/lineage.ts'
import { usesOfPlaygrounds } from '../store/playground-uses.ts'
import {
  countPlaygrounds,
  findPlayground,
  insertPlayground,
  listPlaygrounds,
  markPlaygroundRemoved,
  playgroundsOnBase,
} from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { namesOfUsers, noted } from '../store/users.ts'
import { listsToKeep, wordsToShow } from './access-words.ts'
import { baseOf, flexibleBase, specOf } from './bases.ts'
import type { Catalog } from './catalog/catalog.ts'
import { answerOffer, changePlayground, offerPlayground } from './change-playground.ts'
import { inheritDrives } from './inherit-drives.ts'
import { byUse, filterOf } from './list-filters.ts'
import { newId } from './new-id.ts'
import type { RegistryAuths } from './registry-auths.ts'
import { searchIn } from './search.ts'
import { replacePlayground } from './update-playground.ts'
import { peopleOf, roleIn, wirePlayground } from './wire-playground.ts'

export interface PlaygroundsOptions {
  readonly db: Db
  /** Names of images that this server has or can build. */
  readonly images: () => readonly string[]
  /** Fixes what references to registries stand for. Throws what registries do. */
  readonly pinSources?: (spec: ManifestSpec, auth: RegistryAuth | undefined) => Promise<void>
  /** Where a manifest's `registryAuth` is kept. */
  readonly registryAuths: RegistryAuths
  /** Reads manifests, none of which is parsed here. */
  readonly reader: ManifestReader
  readonly limits?: Limits
  readonly catalog: Pick<Catalog, 'bases' | 'broken' | 'isTeams'>
  /** Registries that the images of a spec have yet to come from, and whether each is within reach. */
  readonly registriesOf?: (spec: ManifestSpec) => Promise<NonNullable<Playground['registries']>>
  /** URL of the web app without a slash at the end: `http://127.0.0.1:8420`. */
  readonly webUrl: () => string
  /** Called when layers may have become unused. */
  readonly collect: () => Promise<void>
}

/** Serves playgrounds of the store. */
export function openPlaygrounds({
  db,
  images,
  pinSources = async () => {},
  registryAuths,
  reader,
  limits = defaultLimits,
  catalog,
  registriesOf = async () => [],
  webUrl,
  collect,
}: PlaygroundsOptions): Playgrounds {
  const permitted = permittedPlayground

  async function listed(user: User): Promise<PlaygroundRow[]> {
    const rows = await listPlaygrounds(db)
    const seer = await withGroups(db, user, rows)
    return rows.filter((row) => can(seer, 'playground.list', subjectOfPlayground(row)))
  }

  async function show(user: User, row: PlaygroundRow): Promise<Playground> {
    const [shown] = await showAll(user, [row])
    return shown as Playground
  }

  /** Converts any number of playgrounds with a fixed number of queries. */
  async function showAll(user: User, rows: readonly PlaygroundRow[]): Promise<Playground[]> {
    const sources = await sourcesOfSaved(db, rows)
    const names = await namesOfUsers(
      db,
      rows.flatMap((row) => peopleOf(row)),
    )
    const seer = await withGroups(db, user, rows)
    const own = rows.filter((row) => roleIn(row, user) !== undefined)
    const showWords = await wordsToShow(
      db,
      own.map((row) => subjectOfPlayground(row).access),
    )
    return Promise.all(
      rows.map(async (row) => ({
        ...wirePlayground(seer, row, webUrl(), {
          savedFrom: sources.get(row.saved_from ?? ''),
          names,
          showWords,
        }),
        ...(row.owner_id === null && catalog.isTeams(row.name) ? { team: true } : {}),
        // What was saved begins with its own drives.
        ...(row.saved_from === null ? registriesIn(await registriesOf(specOf(row))) : {}),
      })),
    )
  }

  return {
    async list(user, filter) {
      if (filter === 'recent' || filter === 'popular') {
        const uses = await usesOfPlaygrounds(db, user.id)
        return showAll(user, byUse(await listed(user), uses, filter))
      }
      const rows = (await listed(user)).filter(filterOf(user, filter))
      return (await showAll(user, rows)).sort(simplestFirst)
    },

    async search(user, query) {
      const rows = await listed(user)
      return searchIn(
        rows.map((row) => wirePlayground(user, row, webUrl(), {})),
        query,
      )
    },

    async get(user, name) {
      return show(user, await permitted(db, user, 'playground.read', name))
    },

    async create(user, body) {
      const rows = await listed(user)
      const isThere = rows.some(({ name }) => name === body.base)
      // Without it each may take its place.
      const mayTakeIt = (row: PlaygroundRow) => !isThere || row.name === body.base || row.name === flexibleBase
      const bases = rows.map((row) => (mayTakeIt(row) ? baseOf(row) : unread(row.name)))
      const parsed = await reader.body(user, body, { images: images(), bases })
      const auth = registryAuthOf(parsed.spec)
      // It is a secret, and no part of what is stored and shown.
      const { registryAuth: _, ...spec } = parsed.spec
      await pinSources(parsed.spec, auth)
      const id = newId()
      await using kept = await registryAuths.put(id, auth)
      const made = await transaction(db, async (trx) => {
        const base = await permitted(trx, user, 'playground.start', parsed.base)
        if ((await countPlaygrounds(trx, user.id)) >= limits.playgrounds) throw limitReached('playgrounds', limits)
        const at = now()
        const row: PlaygroundRow = {
          id,
          name: await freeName(trx, parsed.name),
          owner_id: user.id,
          base: parsed.base,
          base_id: base.id,
          saved_from: null,
          title: parsed.title ?? base.title,
          description: parsed.description ?? base.description,
          categories: parsed.categories.length > 0 ? JSON.stringify(parsed.categories) : base.categories,
          markdown: parsed.markdown ?? null,
          cover: parsed.cover ?? null,
          spec: JSON.stringify(parsed.unknownFields.length === 0 ? spec : { ...spec, unknownFields: parsed.unknownFields }),
          access: JSON.stringify(await listsToKeep(trx, user, accessOf(spec))),
          written_by: null,
          co_authors: null,
          offered_to: null,
          created_at: at,
          updated_at: at,
          removed_at: null,
        }
        await insertPlayground(trx, row)
        // One that took another's place gives nothing of its own.
        if (isThere) await inheritDrives(trx, base, row)
        await noted(user, trx, { subject: row.name })
        return row
      })
      kept.keep()
      return { ...(await show(user, made)), ...(parsed.warnings.length === 0 ? {} : { warnings: [...parsed.warnings] }) }
    },

    async update(user, name, body) {
      const { row, warnings } = await replacePlayground({ db, images, pinSources, registryAuths, reader }, user, name, body)
      await collect()
      return { ...(await show(user, row)), ...(warnings.length === 0 ? {} : { warnings: [...warnings] }) }
    },

    change: async (user, name, body) => show(user, await changePlayground(db, user, name, body)),
    offer: async (user, name, to) => show(user, await offerPlayground(db, user, name, to)),

    async answerOffer(user, name, isTaken) {
      const row = await answerOffer(db, user, name, isTaken, limits)
      return isTaken ? show(user, row) : undefined
    },

    async remove(user, name) {
      const { id, found: goesOn } = await transaction(db, async (trx) => {
        const { id } = await permitted(trx, user, 'playground.remove', name)
        // The drives refer to their layers themselves.
        const found = { runs: await runsOfPlayground(trx, id), playgrounds: await playgroundsOnBase(trx, id) }
        await markPlaygroundRemoved(trx, id)
        await noted(user, trx, { subject: name })
        return { id, found }
      })
      await registryAuths.remove(id)
      await collect()
      return { name, ...goesOn }
    },

    broken: () => catalog.broken(),

    async checkManifest(user, text, fileName) {
      const own = namedBase(text)
      const ours = catalog.bases()
      const rows = ours.some(({ name }) => name === own) ? [] : (await listed(user)).filter(({ name }) => name === own)
      // Whether the files are there is seen where the folder is.
      return reader.problems(user, text, fileName, { images: images(), bases: [...ours, ...rows.map(baseOf)], filesBeside: true })
    },
  }
}

const registriesIn = (registries: NonNullable<Playground['registries']>) => (registries.length === 0 ? {} : { registries })

/** The base that a manifest seems to name. Only the reader parses the text: this chooses which playground of the user's goes along. */
const namedBase = (text: string) => /^base:[ \t]*["']?([a-z0-9-]+)/m.exec(text)?.[1]

/** A playground that is only to be named among others. */
const unread = (name: string): Base => ({ name, spec: noSpec, takesAnyMachine: false })
const noSpec = manifestSpecSchema.parse({})

/** `my-lab` becomes `my-lab-51c9d61a`, as clients of this API expect; the whole fits a DNS label. */
async function freeName(db: Db, name: string): Promise<string> {
  for (;;) {
    const full = `${name.slice(0, 63 - 9).replace(/-+$/, '')}-${randomBytes(4).toString('hex')}`
    if (!(await findPlayground(db, full))) return full
  }
}
