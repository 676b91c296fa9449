import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunResult } from '../../process/run-process.ts'
import { runBuild } from '../build/build-process.ts'

/** Users of the box on the host: behind those of runs (run/run-uids.ts), before systemd's foreign ones. */
export const boxUsers = { first: 1_910_000_000, count: 65_536 } as const

/** Processes of one build at a time. */
const mostProcesses = 4096

export interface BoxOptions {
  /** An empty folder, closed to the host's users; thrown away afterwards. What is in its `build` is the box's /build. */
  readonly folder: string
  /** The host's network, all of it, its loopback too. Otherwise it has none. */
  readonly hasNetwork: boolean
  readonly onLine: (line: string) => void
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number
}

const settings: Readonly<Record<string, string>> = {
  // Overlays where the kernel mounts them in a user namespace, else copies.
  'storage.conf': '[storage]\ndriver = ""\nrunroot = "/build/run/storage"\ngraphroot = "/build/storage"\n',
  'registries.conf': 'unqualified-search-registries = ["docker.io"]\n',
  // Digests are checked before anything gets here.
  'policy.json': '{"default": [{"type": "insecureAcceptAnything"}]}\n',
}

/** Makes what the box needs besides the context and the bases. */
export async function prepareBox(folder: string): Promise<void> {
  const build = join(folder, 'build')
  await mkdir(join(build, 'bases'), { recursive: true })
  for (const [name, text] of Object.entries(settings)) await writeFile(join(build, name), text)
  await copyFile(new URL('./inside', import.meta.url), join(build, 'inside'))
}

/** Builds a Dockerfile in the box (`inside`). `bases`: the references as the Dockerfile has them. Throws `process_failed`, `missing_program`. */
export async function buildInBox(bases: readonly string[], options: BoxOptions): Promise<void> {
  await runInBox(['sh', '/build/inside', ...bases], options)
}

/** Runs a program in the box (`box`). Throws `process_failed`, `missing_program`. */
export async function runInBox(
  argv: readonly string[],
  { folder, hasNetwork, onLine, signal, timeoutMs }: BoxOptions,
): Promise<RunResult> {
  const { first, count } = boxUsers
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts', ...(hasNetwork ? [] : ['--net'])]
  const box = new URL('./box', import.meta.url).pathname
  return runBuild(
    [
      ...(['prlimit', `--nproc=${mostProcesses}`, '--core=0', '--', 'unshare', ...namespaces, '--'] as const),
      ...['sh', box, folder, `${first}`, `${count}`, hasNetwork ? 'host' : 'none', ...argv],
    ],
    { cwd: '/', signal, onStderrLine: onLine, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  )
}
