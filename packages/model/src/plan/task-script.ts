import { shellWord } from '../units/shell-words.ts'

/** Output of tasks by name, as far as they have any. */
export type TaskOutputs = ReadonlyMap<string, { readonly stdout: string; readonly stderr: string }>

/**
 * What is handed to the shell for a script of a task: its `env` first, as exported variables, on a line of their own. `x(.needs.TASK.stdout)` and `.stderr`, in values and in the script,
 * become what that task printed, without the ends of lines at its end, as in `$(…)`; a task without output leaves nothing. Pure.
 */
export function taskScript(script: string, env: readonly string[], outputs: TaskOutputs): string {
  const exports = env.map((pair) => {
    const at = pair.indexOf('=')
    return `${pair.slice(0, at)}=${shellWord(filledIn(pair.slice(at + 1), outputs))}`
  })
  const body = filledIn(script, outputs)
  return exports.length === 0 ? body : `export ${exports.join(' ')}\n${body}`
}

/** Names of tasks whose output the texts ask for. */
export const outputsNeeded = (texts: readonly string[]): ReadonlySet<string> =>
  new Set(texts.flatMap((text) => [...text.matchAll(placeholder)].map(([, name = '']) => name)))

const placeholder = /x\(\.needs\.([A-Za-z0-9][\w.-]{0,62})\.(stdout|stderr)\)/g

const filledIn = (text: string, outputs: TaskOutputs): string =>
  text.replace(placeholder, (_, name: string, stream: 'stdout' | 'stderr') =>
    (outputs.get(name)?.[stream] ?? '').replace(/\n+$/, ''),
  )
