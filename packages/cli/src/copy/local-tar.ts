import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { RametError } from '@ramet/model/errors/error.ts'

/** Takes what comes out of a machine. */
export interface Sink {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when all is in its place. */
  end(): Promise<void>
}

export interface LocalTar extends Sink {
  readonly output: AsyncIterable<Buffer>
  /** Resolves when it has ended well. Throws `copy_failed`. */
  readonly done: Promise<void>
}

/** The tar of this computer, GNU's or BSD's. Both refuse to write outside of the folder and through links of the archive. */
export function localTar(direction: 'pack' | 'unpack', folder: string): LocalTar {
  const words = direction === 'pack' ? ['-cf', '-', '-C', folder, '.'] : ['-xf', '-', '-C', folder]
  // macOS' tar adds files of its own (._NAME) unless it is told not to.
  const env = { ...process.env, LC_ALL: 'C', COPYFILE_DISABLE: '1' }
  const child = spawn('tar', words, { stdio: ['pipe', 'pipe', 'pipe'], env })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000)
  })
  child.stdin.on('error', () => {})
  const done = once(child, 'close').then(
    ([code]) => {
      if (code !== 0) throw new RametError('copy_failed', 500, said.trim().split('\n')[0] || `tar exited with ${code}.`)
    },
    (error: Error) => {
      throw new RametError('copy_failed', 500, `tar cannot be run here: ${error.message}`)
    },
  )
  done.catch(() => {})
  const over = done.catch(() => {})
  return {
    // Node throws away what a program that has ended printed and nobody has begun to read.
    output: child.stdout.pipe(new PassThrough()),
    done,
    // It ends at the archive's end and leaves what fills the last block; whether it ended well is another question, which `end` answers.
    write: (bytes) => Promise.race([new Promise<void>((resolve) => child.stdin.write(bytes, () => resolve())), over]),
    end() {
      child.stdin.end()
      return done
    },
  }
}
