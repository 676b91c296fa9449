import type { Command } from 'commander'

/** Commands in the middle of a sentence: `ramet …` and, where a page says it shortly, nothing else. */
export function inlineCommands(page: string): string[] {
  const prose = page.replace(/^```.*?^```$/gms, '')
  return [...prose.matchAll(/`(ramet [^`\n]+)`/g)].map(([, text = '']) => text)
}

/** What is wrong with a command as the command line would take it; undefined: nothing. Arguments are placeholders, and `a|b` is either. */
export function faultOf(text: string, program: Command): string | undefined {
  const [, ...words] = text.split(' ')
  let command = program
  let areArguments = false
  for (const word of words) {
    if (word === '--') return undefined
    const flag = /^--?[\w-]+/.exec(word)?.[0]
    if (flag !== undefined) {
      const known = [command, program].some(({ options }) => options.some(({ short, long }) => short === flag || long === flag))
      if (!known && flag !== '--help') return `${command.name()} has no ${flag}`
      continue
    }
    if (areArguments) continue
    const next = word
      .split('|')
      .map((name) => command.commands.find((each) => each.name() === name || each.aliases().includes(name)))
    if (next.every((each) => each !== undefined)) command = next[0] as Command
    else if (command.commands.length > 0 && command.registeredArguments.length === 0 && !hasDefault(command))
      return `${command.name()} has no ${word}`
    else areArguments = true
  }
  return undefined
}

/** `expose RUN PORT` is a verb of its own that need not be said. */
const hasDefault = (command: Command): boolean => '_defaultCommandName' in command && command._defaultCommandName != null
