import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import { codeOf, type Statement, statementsOf, wordsOf } from './declarations.ts'

const root = join(import.meta.dirname, '../..')
const entry = 'client/src/sdk/ramet.d.ts'

/**
 * Writes the types of the packed client. `tsc` declares them; the bodies of the API are types inferred from zod's schemas, which are written out here, since a program that uses the client
 * has neither zod nor this repository. Only what the client's own names need is kept. Throws when something of either would be left.
 */
export async function writeClientTypes(folder: string): Promise<void> {
  // Within the repository, so that its packages are found from there.
  const scratch = await mkdtemp(join(root, 'node_modules/.ramet-types-'))
  try {
    const declared = await declare(scratch, join(root, 'packages'), [join(root, 'packages/client/src/sdk/ramet.ts')])
    const files = new Map([...declared].map(([path, text]) => [path, statementsOf(text)]))
    const written = await writeOut(scratch, files)
    for (const [path, text] of keep(files, written)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** What `tsc` declares of files and all they import from this repository, by the path below `from`. */
async function declare(scratch: string, from: string, files: readonly string[]): Promise<Map<string, string>> {
  const out = await mkdtemp(join(scratch, 'out-'))
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: from, outDir: out, types: [] },
      paths: { '@ramet/model/*': [join(root, 'packages/model/src/*')] },
    },
    include: [],
    files,
  }
  await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', scratch]).catch((error: { stdout?: string }) => {
    throw new Error(`The types of the client cannot be declared:\n${error.stdout}`)
  })
  const paths = (await readdir(out, { recursive: true })).filter((path) => path.endsWith('.d.ts'))
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(join(out, path), 'utf8')] as const)))
}

const isInferred = ({ text }: Statement) => /^(?:export )?type /.test(codeOf(text)) && /\bz\./.test(codeOf(text))

/** Inferred types, each as what it comes to, by `FILE NAME`: a function's result of such a type is declared without its name. */
async function writeOut(scratch: string, files: ReadonlyMap<string, readonly Statement[]>): Promise<Map<string, string>> {
  const keys = [...files].flatMap(([path, statements]) =>
    statements
      .filter((each) => isInferred(each) && each.text.includes('export type'))
      .map((each) => [path, each.declares[0] ?? '']),
  )
  const lines = keys.flatMap(([path = '', name = ''], at) => [
    `import type { ${name} as T${at} } from '${path.replace('model/src', '@ramet/model').replace('.d.ts', '.ts')}'`,
    `export const t${at} = of<T${at}>()`,
  ])
  await writeFile(join(scratch, 'package.json'), '{ "type": "module" }')
  await writeFile(join(scratch, 'probe.ts'), ['declare function of<T>(): T', ...lines].join('\n'))
  const [, probe = ''] =
    [...(await declare(scratch, root, [join(scratch, 'probe.ts')]))].find(([path]) => path.endsWith('probe.d.ts')) ?? []
  const types = statementsOf(probe).flatMap(({ text }) => {
    const [, at, type] = /^export declare const t(\d+): (.*);$/s.exec(text) ?? []
    return at === undefined || type === undefined ? [] : [[(keys[Number(at)] ?? []).join(' '), type] as const]
  })
  return new Map(types)
}

/** Files with the statements that the entry needs, directly or not. */
function keep(files: ReadonlyMap<string, readonly Statement[]>, written: ReadonlyMap<string, string>): Map<string, string> {
  const needed = new Map<string, Set<string>>()
  const textOf = (path: string, statement: Statement) => {
    if (!isInferred(statement)) return statement.text
    const name = statement.declares[0] ?? ''
    const type = written.get(`${path} ${name}`)
    if (type === undefined) throw new Error(`${path}: ${name} is not written out.`)
    return `${statement.text.slice(0, -codeOf(statement.text).length)}export type ${name} = ${type};`
  }
  const need = (path: string, name: string): void => {
    const statement = files.get(path)?.find(({ declares }) => declares.includes(name))
    const names = needed.get(path) ?? new Set()
    if (!statement || names.has(name)) return
    needed.set(path, names.add(name))
    const { takes } = statement
    if (takes) need(fileOf(path, takes.from), takes.names.get(name) ?? name)
    else for (const word of wordsOf(textOf(path, statement))) need(path, word)
  }
  for (const { text, declares } of files.get(entry) ?? []) {
    if (codeOf(text).startsWith('export')) for (const name of declares) need(entry, name)
  }
  return new Map(
    [...needed].map(([path, names]) => {
      const statements = files.get(path) ?? []
      const kept = statements.flatMap((statement) => {
        const left = statement.declares.filter((name) => names.has(name))
        if (left.length === 0) return []
        return [statement.takes ? takenText(path, statement, left) : textOf(path, statement)]
      })
      const text = [...(path === entry ? ['/// <reference lib="esnext.disposable" />'] : []), ...kept, ''].join('\n')
      const foreign = /\bz\.|'zod'|@ramet\/model|import\("/.exec(text)
      if (foreign) throw new Error(`${path}: ${foreign[0]} is left in the types of the client.`)
      return [path, text]
    }),
  )
}

function takenText(path: string, { takes, isReexport }: Statement, names: readonly string[]): string {
  const list = names.map((name) => (takes?.names.get(name) === name ? name : `${takes?.names.get(name)} as ${name}`))
  const to = posix.relative(posix.dirname(path), fileOf(path, takes?.from ?? '')).replace('.d.ts', '.js')
  return `${isReexport ? 'export' : 'import'} { ${list.join(', ')} } from '${to.startsWith('.') ? to : `./${to}`}';`
}

/** Where the declarations of an import are. */
function fileOf(path: string, from: string): string {
  const there = from.replace(/\.ts$/, '.d.ts')
  return there.startsWith('@ramet/') ? there.replace('@ramet/model', 'model/src') : posix.join(posix.dirname(path), there)
}
