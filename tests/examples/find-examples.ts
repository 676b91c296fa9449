import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createProgram } from '@ramet/cli/program.ts'
import type { Command } from 'commander'
import { find } from '../../scripts/run-tests.ts'
import { root } from '../harness/server.ts'

/** What a page or a help shows to be done. A command is a line; of other languages a whole block. */
export interface Example {
  /** `README.md`, or `ramet cp --help`. */
  readonly from: string
  readonly language: 'sh' | 'js' | 'ts' | 'yaml' | 'json'
  readonly text: string
  /** What the page says that it prints. */
  readonly printed: readonly string[]
}

/** Pages of the product; those of playgrounds speak of what is done inside a machine. */
export const pages = async (): Promise<string[]> => [
  'README.md',
  ...(await find(['docs/**/*.md', 'packages/*/README.md'], () => false)).toSorted(),
]

/** All examples there are: of the pages, and of the help of each command. */
export async function findExamples(): Promise<Example[]> {
  const ofPages = await Promise.all(
    (await pages()).map(async (page) => examplesOfPage(page, await readFile(join(root, page), 'utf8'))),
  )
  return [...ofPages.flat(), ...commands().flatMap(({ command, name }) => examplesOfHelp(`${name} --help`, helpOf(command)))]
}

/** Blocks without a language are drawings. Throws for a language that nobody would run. */
export function examplesOfPage(from: string, page: string): Example[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, language, block = '']): Example[] => {
    if (language === 'sh') return linesOf(block).map((text) => ({ from, language, text, printed: [] }))
    if (language === 'console') return sessionOf(from, block)
    if (language === 'js' || language === 'ts' || language === 'yaml' || language === 'json')
      return [{ from, language, text: block, printed: [] }]
    throw new Error(`${from} has an example in ${language}, which no test runs.`)
  })
}

/** Lines after a prompt are typed; what follows them is printed. */
function sessionOf(from: string, block: string): Example[] {
  const examples: { from: string; language: 'sh'; text: string; printed: string[] }[] = []
  for (const line of linesOf(block)) {
    const typed = /^[#$] (.+)$/.exec(line)?.[1]
    if (typed === undefined) examples.at(-1)?.printed.push(line.trim())
    else examples.push({ from, language: 'sh', text: typed, printed: [] })
  }
  return examples
}

/** Without empty lines, and without what a comment at the end says. */
const linesOf = (block: string): string[] =>
  block
    .split('\n')
    .map((line) => line.replace(/ {2,}#.*$/, ''))
    .filter((line) => line.trim() !== '')

/** Below `Examples:`, each with what it is for after two spaces. */
export function examplesOfHelp(from: string, help: string): Example[] {
  const [, block = ''] = /^Examples:\n((?: {2}.+\n?)+)/m.exec(help) ?? []
  return linesOf(block).map((line) => ({
    from,
    language: 'sh',
    text: line.trim().split(/ {2,}/)[0] ?? '',
    printed: [],
  }))
}

/** Every command there is, by its whole name. */
export function commands(
  command: Command = createProgram(),
  before: readonly string[] = [],
): { command: Command; name: string }[] {
  const words = [...before, command.name()]
  return [{ command, name: words.join(' ') }, ...command.commands.flatMap((child) => commands(child, words))]
}

export function helpOf(command: Command): string {
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text) })
  command.outputHelp()
  return help
}

/** The pretend shell has no files and no programs of its own: tests/ssh.system.test.ts runs these. */
export const isForRealMachine = ({ text }: Example): boolean => /^(scp|ssh|ramet cp|ramet expose local) /.test(text)
