// Plain JavaScript for the machine's own Node (20 or later): installs what is missing, then goes on under the locked Node 24.
// `node scripts/bootstrap.mjs start|dev|test|proof|bench|fake|pack [ARGS…]`; the npm scripts call it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isBuilt, programs } from './built/programs.mjs'
import { bundles } from './bundled/libraries.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [verb = 'start', ...args] = process.argv.slice(2)

/** Programs the product needs, and what the tests and the measurements need beyond that, with the Debian package each comes from. */
const needed = JSON.parse(readFileSync(join(root, 'scripts/debian-packages.json'), 'utf8'))

const say = (text) => process.stderr.write(`${text}\n`)
const fail = (text) => {
  say(text)
  process.exit(1)
}

function run(argv, options = {}) {
  const ran = spawnSync(argv[0], argv.slice(1), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options })
  return ran.status === 0
}

/** npm packages: when the lockfile is another one than at the last install. */
function installNpmPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const record = join(root, 'node_modules', '.ramet-installed')
  if (existsSync(record) && readFileSync(record, 'utf8') === lock && existsSync(nodeProgram())) return
  say('Installing npm packages (about half a minute)…')
  // Messages about engines are about the Node that runs npm; the packages run under the locked one.
  // Not `npm ci`: it refuses a lockfile that lacks optional packages of other platforms which a registry does not serve. Versions and digests are the
  // lockfile's all the same, and `--no-save` leaves it as it is.
  const env = { ...process.env, npm_config_loglevel: 'error' }
  // The flag too: npm_config_ignore_scripts of somebody's environment would win over .npmrc.
  const ok = run(['npm', 'install', '--ignore-scripts', '--no-save', '--no-fund', '--no-audit'], { env })
  if (!ok) fail('`npm install` failed; see above. It needs access to the npm registry.')
  if (!existsSync(nodeProgram()))
    fail(`The locked Node 24 is not there for ${process.platform}/${process.arch}. Ramet runs on Linux, x64 or arm64.`)
  mkdirSync(dirname(record), { recursive: true })
  writeFileSync(record, lock)
}

function nodeProgram() {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  return join(root, 'node_modules', `node-linux-${arch}`, 'bin', 'node')
}

const sbin = ['/usr/local/sbin', '/usr/sbin', '/sbin']
const path = [...(process.env.PATH ?? '').split(delimiter), ...sbin]
const isThere = (program) =>
  program.startsWith('/') ? existsSync(program) : path.some((folder) => existsSync(join(folder, program)))

/** Debian packages of these sets whose programs are missing. Never asks: as root it installs and says what; otherwise it prints the command and fails. */
function installDebianPackages(sets) {
  const programs = Object.assign({}, ...sets.map((set) => needed[set]))
  const missing = [
    ...new Set(
      Object.entries(programs)
        .filter(([program]) => !isThere(program))
        .map(([, name]) => name),
    ),
  ]
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  if (!existsSync('/usr/bin/apt-get'))
    fail(`These programs are missing: ${missing.join(', ')}. Ramet installs them by itself on Debian only.`)
  if (process.getuid() !== 0) fail(`Debian packages are missing. Install them with:\n\n  sudo ${command}\n`)
  say(`Installing Debian packages: ${missing.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  const install = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-qq', ...command.split(' ').slice(1)]
  if (!run(install, { env, stdio: 'ignore' })) {
    // The usual reason: a package list that is missing or old.
    run(['apt-get', '-qq', 'update'], quiet)
    if (!run(install, quiet)) fail(`This failed; see above:\n\n  ${command}\n`)
  }
}

// V8 lets the young part of its heap grow to 34 MB while the server starts, and never takes it back: 4 MB save 50 MB of 190 (measured, three runs up).
const serverFlags = JSON.parse(readFileSync(join(root, 'scripts/server-flags.json'), 'utf8'))
// Sources alone: the web bundle that a server builds under packages/web/dist must not restart it.
const watched = ['model', 'engine', 'server', 'client', 'web']
  .map((name) => `--watch-path=packages/${name}/src`)
  .concat('--watch-path=playgrounds')

const verbs = {
  start: { debian: ['run'], entry: [...serverFlags, 'packages/server/bin/ramet-server.mjs'] },
  fake: { debian: [], entry: [...serverFlags, 'packages/server/bin/fake-server.mjs'] },
  dev: { debian: ['run'], entry: ['--watch', ...watched, ...serverFlags, 'packages/server/bin/ramet-server.mjs'] },
  test: { debian: ['run', 'test'], entry: ['scripts/test.ts'] },
  proof: { debian: ['run', 'test'], entry: ['scripts/proof.ts'] },
  bench: { debian: ['run', 'test', 'bench'], entry: ['bench/main.ts'] },
  pack: { debian: [], entry: ['scripts/pack.ts'] },
}
const chosen = verbs[verb]
if (!chosen) fail(`There is no ${verb}. There are: ${Object.keys(verbs).join(', ')}.`)
if (process.platform !== 'linux') fail('Ramet runs on Linux.')

/** Libraries of many modules as one file each: processes start sooner (`bundled/use.mjs`), and start all the same without. */
function bundleLibraries() {
  if (bundles().every(({ folder }) => existsSync(folder))) return
  if (!run([nodeProgram(), 'scripts/bundled/make.mjs']))
    say('Some libraries could not be bundled; see above. Ramet works without, and starts more slowly.')
}

/** The programs that this repository is, from the sources as they are now (`built/programs.mjs`). */
function buildPrograms() {
  if (Object.keys(programs).every(isBuilt)) return
  if (!run([nodeProgram(), 'scripts/built/build.mjs']))
    say('Ramet could not be built; see above. It runs from its sources, and starts more slowly.')
}

installNpmPackages()
bundleLibraries()
buildPrograms()
installDebianPackages(chosen.debian)

const child = spawn(nodeProgram(), ['--disable-warning=ExperimentalWarning', ...chosen.entry, ...args], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), ...new Set(path)].join(delimiter) },
})
// A Ctrl-C reaches the whole process group; the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// A SIGTERM to npm ends npm and the shell between it and this process, which hears nothing of it. A daemon's parent may go, so only below npm.
const parent = process.ppid
const watch = setInterval(() => {
  if (process.ppid !== parent && process.env.npm_lifecycle_event !== undefined) child.kill('SIGTERM')
}, 500)
child.on('exit', (code, signal) => {
  clearInterval(watch)
  process.exitCode = signal ? 128 + 15 : (code ?? 1)
})
