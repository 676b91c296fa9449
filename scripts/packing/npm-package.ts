import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** The oldest Node that packages run on. */
export const oldestNode = '20.19'

export interface NpmPackage {
  readonly manifest: Readonly<Record<string, unknown>>
  /** Path of its README in the repository. */
  readonly readme: string
  /** Writes its files into the folder. */
  stage(folder: string): Promise<void>
}

/** Makes the file that `npm install FILE` takes. Returns its path in `folder`. */
export async function npmPackage(folder: string, { manifest, readme, stage }: NpmPackage): Promise<string> {
  const staged = await mkdtemp(join(tmpdir(), 'ramet-pack-'))
  try {
    await stage(staged)
    const all = { ...manifest, type: 'module', engines: { node: `>=${oldestNode}` } }
    await writeFile(join(staged, 'package.json'), `${JSON.stringify(all, null, 2)}\n`)
    await copyFile(join(root, readme), join(staged, 'README.md'))
    await copyFile(join(root, 'LICENSE'), join(staged, 'LICENSE'))
    await mkdir(folder, { recursive: true })
    const words = ['pack', '--json', '--offline', '--ignore-scripts', '--pack-destination', folder]
    const { stdout } = await promisify(execFile)('npm', words, { cwd: staged })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    return join(folder, filename)
  } finally {
    await rm(staged, { recursive: true, force: true })
  }
}
