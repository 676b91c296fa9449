import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { desktopOf } from './desktop.ts'
import { stubWorld } from './testing/stub-world.ts'

const timeout = 30_000
const token = 'secret-of-the-link'
const answers = { 'POST /api/auth/links': { token, expiresAt: '2026-01-01T00:10:00Z' } }
const noDisplay = { DISPLAY: '', WAYLAND_DISPLAY: '' }

/** A folder for PATH whose `xdg-open` notes its words and what it was given to read, then ends with `status`. */
async function fakeDesktop(status: number) {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-desktop-'))
  const program = join(folder, 'xdg-open')
  const lines = [
    '#!/bin/sh',
    `echo "$@" >${folder}/words`,
    `cp "$1" ${folder}/page`,
    `stat -c %a "$1" >${folder}/mode`,
    `exit ${status}`,
  ]
  await writeFile(program, `${lines.join('\n')}\n`)
  await chmod(program, 0o755)
  const env = { PATH: `${folder}:${process.env.PATH}`, DISPLAY: ':99', SUDO_UID: '', TMPDIR: folder }
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  return { env, read, folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

test('login prints a link for scripts, and opens nothing then', { timeout }, async () => {
  await using world = await stubWorld(answers)
  await using desktop = await fakeDesktop(0)
  const { code, stdout, stderr } = await world.ramet(['login', '--print'], { env: desktop.env })
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${world.endpoint}/#login=${token}\n`, stderr: '' })
  assert.deepEqual(await readdir(desktop.folder), ['xdg-open'])
  assert.deepEqual(
    world.asked.map(({ what, authorization }) => [what, authorization]),
    [['POST /api/auth/links', 'Bearer of-the-home']],
  )
})

test('without a display login says what to do with the link', { timeout }, async () => {
  await using world = await stubWorld(answers)
  const { code, stdout, stderr } = await world.ramet(['login'], { env: noDisplay })
  assert.equal(code, 0)
  assert.equal(stdout, `${world.endpoint}/#login=${token}\n`)
  assert.match(stderr, /works once, within ten minutes/)
})

test('login opens the browser, and no other user can read the link on the way', { timeout }, async () => {
  await using world = await stubWorld(answers)
  await using desktop = await fakeDesktop(0)
  const { code, stdout, stderr } = await world.ramet(['login'], { env: desktop.env })
  assert.equal(code, 0)
  assert.match(stderr, /browser opens/)
  assert.ok(stdout.includes(token), 'the link is printed all the same')
  assert.ok(!(await desktop.read('words')).includes(token), 'words of a command are for everybody to read')
  assert.ok((await desktop.read('page')).includes(`url=${world.endpoint}/#login=${token}`))
  assert.equal((await desktop.read('mode')).trim(), '600')
})

test('a browser that does not open is no failure, and leaves no page behind', { timeout }, async () => {
  await using world = await stubWorld(answers)
  await using desktop = await fakeDesktop(3)
  const { code, stdout, stderr } = await world.ramet(['login'], { env: desktop.env })
  assert.deepEqual([code, stdout], [0, `${world.endpoint}/#login=${token}\n`])
  assert.match(stderr, /Open this link/)
  assert.deepEqual(
    (await readdir(desktop.folder)).filter((name) => name.startsWith('ramet-login-')),
    [],
  )
})

test('under sudo it is the browser of the user who called it', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n'
  const sudo = { DISPLAY: ':0', SUDO_UID: '1000', SUDO_GID: '1000', RAMET_TOKEN: 'secret', HOME: '/root' }
  const desktop = desktopOf(sudo, 0, passwd)
  assert.deepEqual(desktop?.user, { uid: 1000, gid: 1000 })
  assert.deepEqual(
    [desktop?.env.HOME, desktop?.env.XDG_RUNTIME_DIR, desktop?.env.DISPLAY, desktop?.env.RAMET_TOKEN],
    ['/home/ann', '/run/user/1000', ':0', undefined],
  )
  assert.equal(desktopOf(sudo, 1000, passwd)?.user, undefined)
  assert.equal(desktopOf({ DISPLAY: ':0' }, 0, passwd)?.user, undefined)
  assert.equal(desktopOf({ SUDO_UID: '1000', SUDO_GID: '1000' }, 0, passwd), undefined)
})

/** A laptop: a home folder of its own, and no server's home. */
async function laptop() {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-laptop-'))
  const env = { HOME: folder, XDG_CONFIG_HOME: '', RAMET_HOME: '' }
  return { env, file: join(folder, '.config/ramet/servers.json'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test('the token of another computer’s server is kept for its user alone, once the server has taken it, and goes to that server alone', {
  timeout,
}, async () => {
  const me = { id: 'u', name: 'ann' }
  await using far = await stubWorld({ 'GET /api/health': {}, 'GET /api/auth/me': me })
  await using other = await stubWorld({ 'GET /api/health': {} })
  await using here = await laptop()
  const refused = await far.ramet(['login', other.endpoint], { input: 'far-token', env: here.env })
  assert.equal(refused.code, 1)
  await assert.rejects(stat(here.file), { code: 'ENOENT' })
  const { code, stdout, stderr } = await far.ramet(['login', `${far.endpoint}/some/page`], {
    input: 'far-token\n',
    env: here.env,
  })
  assert.deepEqual([code, stdout], [0, `${far.endpoint}\n`], stderr)
  assert.equal((await stat(here.file)).mode & 0o777, 0o600)
  assert.equal((await far.ramet(['whoami'], { env: here.env })).stdout, `id: u\nname: ann\nendpoint: ${far.endpoint}\n`)
  assert.deepEqual(far.asked.at(-1)?.authorization, 'Bearer far-token')
  await far.ramet(['health', '--endpoint', other.endpoint], { env: here.env })
  assert.equal(other.asked.at(-1)?.authorization, undefined)
})

test('logout forgets the token, also when the server is gone', { timeout }, async () => {
  await using here = await laptop()
  await using world = await stubWorld({})
  const far = await stubWorld({ 'GET /api/health': {}, 'GET /api/auth/me': { id: 'u', name: 'ann' } })
  await world.ramet(['login', far.endpoint], { input: 'far-token', env: here.env })
  await far[Symbol.asyncDispose]()
  assert.match((await world.ramet(['logout'], { env: here.env })).stderr, /server_unreachable/)
  assert.deepEqual(JSON.parse(await readFile(here.file, 'utf8')), { servers: {} })
})
