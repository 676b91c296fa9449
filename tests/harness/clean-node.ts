import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A computer with nothing of this repository: another home, no checkout, no registry, and where there is one the machine's own, older Node. Words that go before a command there. */
export function cleanNode(folder: string): {
  readonly node: string
  readonly home: string
  readonly prefix: string
  readonly cleanly: string[]
} {
  const [home, prefix] = [join(folder, 'home'), join(folder, 'prefix')]
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    npm_config_prefix: prefix,
    npm_config_cache: join(folder, 'cache'),
    // Whoever asks it gets no answer.
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_update_notifier: 'false',
  }
  const ownNode = '/usr/bin/node'
  const cleanly = ['env', '-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  return { node: isNewEnough(ownNode) ? ownNode : process.execPath, home, prefix, cleanly }
}

function isNewEnough(program: string): boolean {
  if (!existsSync(program)) return false
  const [major = 0, minor = 0] = execFileSync(program, ['--version']).toString().slice(1).split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
}
