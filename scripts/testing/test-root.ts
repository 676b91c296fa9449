import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, statfsSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { abandonedRoots, reap, startTimeOf } from './reap.ts'
import { memoryFolderOf, memoryVariable, rootVariable } from './test-folders.ts'

/** Homes of the fake world and folders of unit tests take some dozen MiB at a time. Containers often have 64 MiB of /dev/shm. */
const memoryNeeded = 1024 ** 3

/** Everything that tests make on this host, under one folder, which goes with all that belongs to it. */
export interface TestRoot {
  /** Nothing more is to be started below it. */
  readonly isClosing: boolean
  /** For the tests' processes. With `inMemory`, also temporary files are there, where the host has memory for it. */
  environment(options: { inMemory: boolean }): Record<string, string>
  /** Ends what is left and removes the root; resolves with what was left. */
  close(): Promise<string[]>
}

/**
 * Removes what earlier runners left that were killed, and makes a root. Another process waits for the end of this one, however it comes, and then ends and
 * removes everything below the root: servers, VMs, namespaces, control groups, leases, mounts, files.
 */
async function openTestRoot(): Promise<TestRoot> {
  for (const abandoned of abandonedRoots()) await reap(abandoned)
  // A runner that is itself under test lies in the root of the one that tests it, and goes with it.
  const root = mkdtempSync(join(process.env[rootVariable] ?? '/var/tmp', 'rt-'))
  const memory = hasMemory() ? memoryFolderOf(root) : root
  for (const folder of [root, memory, join(root, 'tmp'), join(memory, 'tmp')]) {
    mkdirSync(folder, { recursive: true })
    // VMs run as a user that must reach their files.
    chmodSync(folder, 0o711)
  }
  writeFileSync(join(root, 'owner'), `${process.pid} ${startTimeOf(process.pid)}`)
  const reaper = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'reaper.ts'), root],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const said = text(reaper.stdout)
  const ended = once(reaper, 'close')
  let isClosing = false
  return {
    get isClosing() {
      return isClosing
    },
    environment: ({ inMemory }) => ({
      [rootVariable]: root,
      [memoryVariable]: memory,
      TMPDIR: join(inMemory ? memory : root, 'tmp'),
      // Pretend VMs and test files are processes by the hundred, each a tenth of a second of CPU shorter for it.
      NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/ramet'),
    }),
    async close() {
      isClosing = true
      reaper.stdin.end()
      const [code] = (await ended) as [number | null]
      const left = (await said).split('\n').filter(Boolean)
      return code !== 0 && left.length === 0 ? ['what could not be removed; see above'] : left
    },
  }
}

/**
 * Does the work in a root. Ended by a signal, or by the end of the process that started this one, it leaves nothing either. Resolves with what was left at
 * the end of the work, which the work was to remove itself.
 */
export async function inTestRoot(work: (root: TestRoot) => Promise<void>): Promise<string[]> {
  const root = await openTestRoot()
  const end = async (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => {
    if (root.isClosing) return
    clearInterval(watch)
    process.stderr.write(`Ended by ${signal}; ending what was started…\n`)
    await root.close()
    process.exit(128 + constants.signals[signal])
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(signal))
  const parent = process.ppid
  // A parent that was killed cannot pass the signal on.
  const watch = setInterval(() => process.ppid !== parent && void end('SIGHUP'), 1000)
  try {
    await work(root)
  } finally {
    clearInterval(watch)
  }
  return root.isClosing ? new Promise(() => {}) : root.close()
}

function hasMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize >= memoryNeeded
  } catch {
    return false
  }
}
