import { Argument, type Command } from 'commander'
import { type Candidates, completeWords } from '../complete-words.ts'
import type { Context, Open } from '../context.ts'
import { createOutput } from '../output.ts'

/** Each asks `ramet complete` at each press of the key, so it knows runs and playgrounds too; what it prints nothing for is a file. */
const scripts = {
  bash: `_ramet() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(ramet complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _ramet ramet`,
  zsh: `#compdef ramet
_ramet() {
  local -a found
  found=(\${(f)"$(ramet complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -U -a found; else _files; fi
}
compdef _ramet ramet`,
  fish: `complete -c ramet -f -a '(ramet complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null; or __fish_complete_path)'`,
} as const

const answersWithinMs = 2_000

/** `ramet completion` and what it asks, `ramet complete` */
export function addCompletion(parent: Command, open: Open): void {
  parent
    .command('completion')
    .description('A script for your shell that completes commands, runs and playgrounds at the tab key.')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      `
Examples:
  ramet completion bash >>~/.bashrc
  ramet completion zsh >"\${fpath[1]}/_ramet"
  ramet completion fish >~/.config/fish/completions/ramet.fish`,
    )
    .action((shell: keyof typeof scripts) => createOutput().content(`${scripts[shell]}\n`))
  parent
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const candidates = completeWords(parent, words)
      const last = words.at(-1) ?? ''
      const found = [...candidates.words, ...(await foundOut(candidates, last, open))].filter((word) => word.startsWith(last))
      const out = createOutput()
      for (const word of found) out.result(word)
      if (candidates.also === 'files' && found.length === 0) process.exitCode = 1
    })
}

/** A server that does not answer leaves the list short. */
async function foundOut({ also }: Candidates, last: string, open: Open): Promise<readonly string[]> {
  if (also !== 'runs' && also !== 'playgrounds') return []
  const asked = open().then(({ client }) => (also === 'runs' ? runsOf(client) : playgroundsOf(client)))
  const late = new Promise<readonly string[]>((resolve) => setTimeout(() => resolve([]), answersWithinMs).unref())
  const names = await Promise.race([asked, late]).catch(() => [])
  return names.filter((name) => name.startsWith(last))
}

const runsOf = async (client: Context['client']) =>
  (await client.plays.page({ limit: 100 })).filter(({ state }) => state !== 'DESTROYED').map(({ id }) => id)
const playgroundsOf = async (client: Context['client']) => (await client.playgrounds.list('all')).map(({ name }) => name)
