import type { Argument, Command, Option } from 'commander'

/** What may stand at a place of a command line. `runs`, `playgrounds` and `files` are for whoever asks to find out. */
export interface Candidates {
  readonly words: readonly string[]
  readonly also?: 'runs' | 'playgrounds' | 'files'
}

/** Candidates for the last of `words`, which stand behind the program's name; it may be empty or the beginning of one. Pure. */
export function completeWords(program: Command, words: readonly string[]): Candidates {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  const { command, given, awaiting } = walk(program, before)
  if (given === 'rest') return { words: [], also: 'files' }
  if (awaiting) return valuesOf(awaiting)
  if (last.startsWith('-')) return { words: begins(last, [...command.options, help].flatMap(spellingsOf)) }
  const subcommands = command.commands.filter((each) => !isHidden(each)).flatMap((each) => [each.name(), ...each.aliases()])
  if (subcommands.length > 0) return { words: begins(last, subcommands) }
  const { registeredArguments } = command
  const argument = registeredArguments[given] ?? (registeredArguments.at(-1)?.variadic ? registeredArguments.at(-1) : undefined)
  return argument ? named(argument.name(), argument.argChoices) : { words: [] }
}

const begins = (start: string, words: readonly string[]) => words.filter((word) => word.startsWith(start))
const spellingsOf = ({ long, short, hidden }: Pick<Option, 'long' | 'short' | 'hidden'>) =>
  hidden ? [] : [long, short].filter((name) => name != null)
const help = { long: '--help', short: '-h', hidden: false }
const isHidden = (command: Command) => (command as unknown as { _hidden?: boolean })._hidden === true

/** The command that the words lead to, how many of its arguments are there, and the option whose value is next. After `--` all is the rest. */
function walk(
  program: Command,
  words: readonly string[],
): { command: Command; given: number | 'rest'; awaiting: Option | undefined } {
  let command = program
  let given = 0
  let awaiting: Option | undefined
  for (const word of words) {
    if (awaiting) awaiting = undefined
    else if (word === '--') return { command, given: 'rest', awaiting: undefined }
    else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(({ long, short }) => word === long || word === short)
      if (option && (option.required || option.optional)) awaiting = option
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
      if (next) command = next
      else given += 1
    }
  }
  return { command, given, awaiting }
}

function valuesOf(option: Option): Candidates {
  return named(/<([^>]+)>/.exec(option.flags)?.[1] ?? '', option.argChoices)
}

function named(name: string, choices: Argument['argChoices']): Candidates {
  if (choices) return { words: choices }
  if (name === 'run') return { words: [], also: 'runs' }
  if (name === 'playground') return { words: [], also: 'playgrounds' }
  return ['file', 'folder', 'source', 'target'].includes(name) ? { words: [], also: 'files' } : { words: [] }
}
