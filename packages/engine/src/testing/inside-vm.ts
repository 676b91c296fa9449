import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../process/run-process.ts'

/** What a QEMU is and sees, as the kernel tells: for tests of the walls around it. */
export async function processStatus(pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return new Map(text.split('\n').map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]))
}

export const namespaceOf = (pid: number | 'self', kind: string) => readlink(`/proc/${pid}/ns/${kind}`)

/** Files that the process has open, with their access mode (O_RDONLY 0, O_WRONLY 1, O_RDWR 2). */
export async function openFiles(pid: number): Promise<{ readonly file: string; readonly access: number }[]> {
  const folder = `/proc/${pid}/fd`
  return Promise.all(
    (await readdir(folder)).map(async (descriptor) => {
      const [file, info] = await Promise.all([
        readlink(join(folder, descriptor)),
        readFile(`/proc/${pid}/fdinfo/${descriptor}`, 'utf8'),
      ])
      return { file, access: Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8) & 3 }
    }),
  )
}

/** Runs a shell's line as the process's user in its namespaces, with the programs that it sees. Other exit codes than 0 are no failure. */
export async function runInside(
  pid: number,
  line: string,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const uid = (await processStatus(pid)).get('Uid')?.split('\t')[0] ?? ''
  const all = Array.from({ length: 128 }, (_, code) => code)
  const enter: [string, ...string[]] = [
    'nsenter',
    '--target',
    String(pid),
    '--mount',
    // Its own root: where the server itself is in a chroot, that of its mount namespace is another one, which no program in it reaches.
    '--root',
    '--pid',
    '--ipc',
    '--uts',
    '--setgid',
    uid,
    '--setuid',
    uid,
  ]
  return run([...enter, '--', '/usr/bin/dash', '-c', line], { okCodes: all })
}
