import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBuild } from '../../image/build/build-process.ts'
import type { ReportProgress } from '../../image/cache/artefact.ts'
import { type Recipe, sourceTexts } from '../../image/recipes/recipe.ts'

export interface GuestToolsOptions {
  /** Folder for the programs; must exist. */
  readonly outFolder: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal | undefined
}

const sourceFolder = fileURLToPath(new URL('./native/', import.meta.url))
const strict = ['-Os', '-static', '-s', '-Wall', '-Wextra', '-Wshadow', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2']

/** Our own programs: name and sources in `native/`. */
export const guestPrograms = {
  watch: ['watch.c'],
  agent: ['agent.c', 'agent-port.c', 'agent-channels.c', 'agent-open.c', 'account.c', 'environment.c', 'shell.c'],
  wake: ['wake.c'],
  keeper: [
    'main.c',
    ...['keeper.c', 'keeper-client.c', 'keeper-session.c'],
    'console.c',
    ...['task.c', 'task-files.c', 'task-output.c', 'task-script.c', 'task-supervise.c', 'task-try.c'],
    ...['account.c', 'environment.c', 'shell.c'],
  ],
  grow: ['grow.c'],
  pid1: ['pid1.c'],
  kexec: ['kexec.c'],
  sftp: ['sftp.c', 'sftp-message.c', 'sftp-files.c'],
  forward: ['forward.c', 'forward-sockets.c', 'forward-take.c'],
} as const satisfies Record<string, readonly string[]>
const headers = [
  ...['account', 'bytes', 'channel', 'environment', 'forward', 'keeper', 'only', 'oom', 'port', 'sftp', 'terminal'],
  ...['agent-channels', 'agent-open', 'agent-port', 'keeper-client', 'keeper-session'],
  ...['task-files', 'task-output', 'task-script', 'task-supervise', 'task-try'],
].map((name) => `${name}.h`)

/** Everything that decides what the tools are. */
export async function guestToolsRecipe(): Promise<Recipe> {
  const names = [...new Set(Object.values(guestPrograms).flat()), ...headers]
  const files = names.map((name) => new URL(`./native/${name}`, import.meta.url))
  return { sources: await sourceTexts([...files, new URL('./build-guest-tools.ts', import.meta.url)]) }
}

/** Builds what runs inside every guest, static against musl. A second or two. Throws `process_failed` with the compiler's words. */
export async function buildGuestTools({ outFolder, report, signal }: GuestToolsOptions): Promise<void> {
  const message = "Compiling the guest's helpers"
  report({ step: message, message, percent: 0 })
  for (const [name, sources] of Object.entries(guestPrograms))
    await runBuild(['musl-gcc', ...strict, '-o', join(outFolder, name), ...sources], { cwd: sourceFolder, signal })
}
