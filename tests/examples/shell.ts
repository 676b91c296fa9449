import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { type Finished, until } from '../harness/processes.ts'
import { root } from '../harness/server.ts'

export interface Shell {
  /** Where files are named from, and the home of whoever types. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

const longestMs = 60_000

/** Types a line into a real shell, as a person with nothing but the command line would. */
export async function type(line: string, { folder, env }: Shell, stdin = ''): Promise<Finished> {
  const shell = open(line, { folder, env })
  shell.child.stdin.end(stdin)
  return shell.ended
}

/** Types a line that goes on until ctrl-c, and presses that once its output has `until`. */
export async function typeUntil(line: string, shell: Shell, wanted: RegExp): Promise<Finished> {
  const { child, said, ended } = open(line, shell)
  try {
    await until(`${line} to say ${wanted}`, () => wanted.test(said()) || child.exitCode !== null, longestMs)
    process.kill(-(child.pid ?? 0), 'SIGINT')
    return await ended
  } finally {
    child.kill('SIGKILL')
  }
}

function open(line: string, { folder, env }: Shell) {
  // `npx --no-install` finds what is installed in the checkout.
  const cwd = line.startsWith('npx ') ? root : folder
  const path = [join(folder, 'bin'), join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH ?? '']
  // zsh has a folder of completions there; bash would take the empty name for the root.
  const child = spawn('bash', ['-c', `fpath=("" "$HOME/fpath")\n${line}`], {
    cwd,
    env: { PATH: path.join(delimiter), HOME: folder, ...env },
    detached: true,
  })
  let [stdout, stderr] = ['', '']
  child.stdin.on('error', () => {})
  child.stdout.on('data', (bytes) => (stdout += bytes))
  child.stderr.on('data', (bytes) => (stderr += bytes))
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs)
  const ended = once(child, 'close').then(([code]) => {
    clearTimeout(timer)
    return { code: (code as number | null) ?? -1, stdout, stderr }
  })
  return { child, said: () => stdout + stderr, ended }
}
