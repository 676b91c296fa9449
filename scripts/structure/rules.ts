import { circles } from './circles.ts'
import { lineAt } from './imports.ts'
import type { Module, Tree } from './tree.ts'

export type RuleName = 'direction' | 'engine-face' | 'testing' | 'circle' | 'sql' | 'runs-owner'

export interface Finding {
  readonly rule: RuleName
  readonly file: string
  readonly line: number
  readonly message: string
}

/** What each package may import of the others. */
const directions: Readonly<Record<string, readonly string[]>> = {
  model: [],
  client: ['model'],
  cli: ['client', 'model'],
  web: ['client', 'model'],
  engine: ['model'],
  server: ['engine', 'model'],
}

/** Everything that breaks the structure that ARCHITECTURE.md describes. */
export function structureFindings(tree: Tree): Finding[] {
  return [
    ...[...tree.values()].flatMap((module) => [
      ...directionFindings(module),
      ...engineFaceFindings(module),
      ...testingFindings(module),
      ...sqlFindings(module),
      ...runsOwnerFindings(module),
    ]),
    ...circles(tree).map((files): Finding => {
      const [first = ''] = files
      return { rule: 'circle', file: first, line: 1, message: `These modules import each other: ${files.join(', ')}.` }
    }),
  ]
}

function directionFindings({ file, package: own, imports }: Module): Finding[] {
  return imports.flatMap(({ from, target, line }): Finding[] => {
    const [, other] = /^packages\/([^/]+)\/src\//.exec(target ?? '') ?? []
    if (target === undefined || other === own) return []
    // Its own package.json, and what stands beside `src`.
    if (target.startsWith(`packages/${own}/`)) return []
    if (other !== undefined && from.startsWith('@') && directions[own]?.includes(other)) return []
    return [
      {
        rule: 'direction',
        file,
        line,
        message: `${own} may import ${directions[own]?.join(', ') || 'no package'}: not ${from}.`,
      },
    ]
  })
}

function engineFaceFindings({ file, package: own, imports, isForTests }: Module): Finding[] {
  if (own === 'engine') return []
  return imports.flatMap(({ from, line }): Finding[] => {
    if (!from.startsWith('@ramet/engine/') || (isForTests && from === '@ramet/engine/testing')) return []
    return [{ rule: 'engine-face', file, line, message: `${from} is inside the engine: import @ramet/engine.` }]
  })
}

function testingFindings({ file, imports, isForTests }: Module): Finding[] {
  if (isForTests) return []
  return imports.flatMap(({ from, target, line }): Finding[] =>
    target !== undefined && /\/testing\//.test(target)
      ? [{ rule: 'testing', file, line, message: `${from} is there for tests: product code may not import it.` }]
      : [],
  )
}

const queryMethods = /\b(selectFrom|insertInto|updateTable|deleteFrom|mergeInto)\(/g

function sqlFindings({ file, package: own, path, text, imports, isForTests }: Module): Finding[] {
  if (own !== 'server' || isForTests || path.startsWith('store/')) return []
  const message = 'SQL stands in store/ alone: give the query a name there.'
  return [
    ...imports
      .filter(({ from }) => from === 'kysely' || from.startsWith('kysely/'))
      .map(({ line }): Finding => ({ rule: 'sql', file, line, message: `kysely is imported. ${message}` })),
    ...[...text.matchAll(queryMethods)].map(
      ({ 1: method, index }): Finding => ({
        rule: 'sql',
        file,
        line: lineAt(text, index),
        message: `${method} is called. ${message}`,
      }),
    ),
  ]
}

/** Rows of runs and their machines: these write them, and only their owners call what does. */
const runs = {
  stores: ['store/runs.ts', 'store/run-machines.ts'],
  owners: ['runs/run.ts', 'runs/machine.ts', 'runs/new-run.ts'],
  writers: /^(insert|update|delete|write)/,
}
const writesRuns =
  /\b(?:insertInto|updateTable|deleteFrom|mergeInto)\(\s*'(?:runs|run_machines|state_events)'|\b(?:update|insert into|delete from)\s+runs\b/g

function runsOwnerFindings({ file, package: own, path, text, imports, isForTests }: Module): Finding[] {
  if (own !== 'server' || isForTests || path.startsWith('store/migrations/')) return []
  const written = [...text.matchAll(writesRuns)].filter(() => !runs.stores.includes(path))
  const called = imports.filter(
    ({ target, names }) =>
      runs.stores.some((store) => target === `packages/server/src/${store}`) &&
      names.some((name) => runs.writers.test(name)) &&
      !runs.owners.includes(path),
  )
  return [...written.map(({ index }) => lineAt(text, index)), ...called.map(({ line }) => line)].map((line) => ({
    rule: 'runs-owner',
    file,
    line,
    message: `Rows of runs and machines are changed by ${runs.owners.join(', ')} alone, through ${runs.stores.join(', ')}.`,
  }))
}
