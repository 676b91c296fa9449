import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { z } from 'zod'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { changeStore } from './harness/throwaways.ts'
import * as go from './labctl/go-shapes.ts'
import { Labctl } from './labctl/labctl-client.ts'

const manifest = {
  base: 'flexbox',
  title: 'Two tier demo',
  description: 'Web in front, database on a private net.',
  categories: ['linux', 'networking'],
  networks: [
    { name: 'edge', subnet: '10.10.0.0/24', gateway: '' },
    { name: 'inner', subnet: '10.20.0.0/24', gateway: '', private: true },
  ],
  machines: [
    {
      name: 'web',
      users: [{ name: 'root', default: true, welcome: '-' }],
      backend: 'firecracker',
      kernel: { source: '6.1' },
      drives: [{ source: 'debian-stable', mount: '/', size: '8GiB', filesystem: '', readOnly: false }],
      network: {
        interfaces: [
          { network: 'edge', address: '' },
          { network: 'inner', address: '10.20.0.10' },
        ],
      },
      resources: { cpuCount: 1, ramSize: '512MiB' },
      startupFiles: [{ path: '/etc/motd', content: 'hello\n', append: false, owner: '', mode: '644' }],
    },
    {
      name: 'db',
      users: [{ name: 'root', default: true }],
      drives: [{ source: 'debian-stable', mount: '/' }],
      network: { interfaces: [{ network: 'inner', address: '10.20.0.20' }] },
      noSSH: true,
    },
  ],
  tabs: [{ kind: 'terminal', machine: 'web' }],
  portForwards: [{ kind: 'local', machine: 'web', localHost: '', localPort: 0, remoteHost: '', remotePort: 80 }],
  initTasks: {
    seed: { init: true, machine: 'web', run: 'touch /data', needs: null, timeout_seconds: 60 },
    serve: { init: true, machine: 'web', needs: ['seed'], run: 'true', conditions: [{ key: 'edition', value: 'full' }] },
  },
  initConditions: { values: [{ key: 'edition', default: 'full', options: ['full', 'small'] }] },
  registryAuth: '',
  accessControl: { canList: ['owner'], canRead: ['owner'], canStart: ['owner'] },
}

/** What labctl sends of a start without a manifest: absent lists are null. */
const startOf = (playground: string, more: object = {}) => ({
  playground,
  tabs: null,
  networks: null,
  machines: null,
  initTasks: null,
  initConditions: {},
  safetyDisclaimerConsent: false,
  asFreeTierUser: false,
  ...more,
})

const server = new TestServer({ fake: true })
let labctl: Labctl

const get = (id: string) => labctl.ask(go.play, 'GET', `/plays/${id}`)
const act = <T extends z.ZodType = typeof go.play>(id: string, body: object, shape?: T) =>
  labctl.ask((shape ?? go.play) as T, 'POST', `/plays/${id}/actions`, body)
const stateOf = (play: go.GoPlay) => play.status.stateEvents?.at(-1)?.state
const isActive = (play: go.GoPlay) => stateOf(play) !== 'STOPPED' && stateOf(play) !== 'DESTROYED'
const isReady = (status: go.GoPlay['status']) =>
  (status.machines ?? []).every(
    (machine) =>
      machine?.state === 'RUNNING' && machine.conditions?.some((each) => each?.name === 'Ready' && each.status === 'True'),
  )

/** As `playground start` waits: all machines RUNNING, then Ready, then init tasks completed, by the websocket alone. */
async function start(body: object): Promise<go.GoPlay> {
  const started = await labctl.ask(go.play, 'POST', '/plays', body)
  const { url } = await labctl.ask(go.url, 'POST', `/plays/${started.id}/conns`)
  const left = new Set(
    Object.values(started.tasks)
      .filter(({ init }) => init)
      .map(({ name }) => name),
  )
  await labctl.frames(url, go.statusFrame, ({ kind, status, task }) => {
    if (kind === 'task' && task?.status === 40) left.delete(task.name)
    return (
      kind === 'status' && status !== undefined && status !== null && isReady(status as go.GoPlay['status']) && left.size === 0
    )
  })
  return get(started.id)
}

before(async () => {
  await server.start({ RAMET_MEMORY: '16TiB' })
  labctl = new Labctl(server.endpoint, { session: 'any', token: await server.token() })
})
after(() => server.dispose())

describe('labctl auth', () => {
  /** A browser that is logged in: its cookie. */
  async function browser(): Promise<Record<string, string>> {
    const link = new URL((await labctl.ask(go.url, 'POST', '/auth/signin-url')).url)
    const login = await fetch(`${server.endpoint}/api/auth/login`, {
      method: 'POST',
      headers: { origin: server.endpoint, 'content-type': 'application/json' },
      body: JSON.stringify({ token: decodeURIComponent(link.hash.replace('#login=', '')) }),
    })
    assert.equal(login.status, 200)
    return { cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '', origin: server.endpoint }
  }

  test('login in a browser, whoami, logout', async () => {
    const stranger = new Labctl(server.endpoint)
    const begun = await stranger.ask(go.session, 'POST', '/sessions')
    const program = stranger.as({ session: begun.id, token: begun.accessToken ?? '' })
    assert.equal((await program.ask(go.session, 'GET', `/sessions/${begun.id}`)).authenticated, false)
    assert.equal((await program.send('GET', '/auth/me?authenticate=true')).status, 401)
    assert.equal((await stranger.send('GET', `/sessions/${begun.id}`)).status, 404, 'nobody else learns of it')

    const headers = await browser()
    assert.equal((await fetch(begun.authUrl)).status, 401, 'a browser that is not logged in is told so')
    const page = await fetch(begun.authUrl, { headers })
    assert.match(await page.text(), /<form method="post" action="\/api\/sessions\/[0-9a-f]{24}\/approval">/)
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    const elsewhere = await fetch(begun.authUrl, { method: 'POST', headers: { ...headers, origin: 'http://evil.example' } })
    assert.equal(elsewhere.status, 403)
    assert.equal((await fetch(begun.authUrl, { method: 'POST', headers })).status, 200)
    assert.equal((await fetch(begun.authUrl, { method: 'POST', headers })).status, 404, 'it is let in once')

    const polled = await program.ask(go.session, 'GET', `/sessions/${begun.id}`)
    assert.equal(polled.authenticated, true)
    assert.equal((await program.ask(go.me, 'GET', '/auth/me?authenticate=true')).id, polled.userId)
    await program.ask(z.array(go.play), 'GET', '/plays')
    assert.equal((await program.send('POST', '/auth/signin-url')).status, 403, 'what a session opens ends with it')
    await program.ask(go.anything, 'DELETE', `/sessions/${begun.id}`)
    assert.equal((await program.send('GET', '/auth/me')).status, 401)
  })

  test('whoami and logout of a login with a token', async () => {
    await labctl.ask(go.me, 'GET', '/auth/me?authenticate=true')
    await labctl.ask(go.anything, 'DELETE', '/sessions/any')
    await labctl.ask(go.me, 'GET', '/auth/me')
  })

  test('token: it may do what its scopes say, and is ended by its id', async () => {
    const made = await labctl.ask(go.token, 'POST', '/oauth/tokens', {
      name: 'reader',
      scope: ['playground:read'],
      expiresInDays: 90,
    })
    assert.deepEqual(made.scope, ['playground:read'])
    assert.ok(Date.parse(made.expiresAt ?? '') > Date.now() + 89 * 24 * 3600_000)
    const reader = labctl.as({ session: 'mcp', token: made.accessToken })
    await reader.ask(z.array(go.playground), 'GET', '/playgrounds')
    for (const [method, path, body] of [
      ['POST', '/plays', startOf('debian')],
      ['GET', '/auth/me', undefined],
      ['POST', '/oauth/tokens', { name: 'more' }],
      ['POST', '/auth/signin-url', undefined],
    ] as const) {
      const refused = await reader.send(method, path, body)
      assert.deepEqual([refused.status, (await refused.json()).code], [403, 'insufficient_scope'], `${method} ${path}`)
    }
    await labctl.ask(go.anything, 'DELETE', `/sessions/${made.id}`)
    assert.equal((await reader.send('GET', '/playgrounds')).status, 401)
  })
})

describe('labctl playground', () => {
  let name = ''
  let id = ''

  test('create, manifest, update, catalog', async () => {
    name = (await labctl.ask(go.playground, 'POST', '/playgrounds', { name: 'my-lab', ...manifest })).name ?? ''
    assert.match(name, /^my-lab-[0-9a-f]{8}$/)
    const read = await labctl.ask(go.playground, 'GET', `/playgrounds/${name}?format=extended`)
    assert.equal(read.machines?.[0]?.kernel?.source, '6.1')
    assert.deepEqual(
      read.machines?.map((machine) => machine?.noSSH ?? false),
      [false, true],
    )
    assert.equal(read.initTasks?.seed?.timeout_seconds, 60)

    const { base: _, machines, ...rest } = manifest
    const update = {
      ...rest,
      title: 'One tier demo',
      description: '',
      machines: machines.slice(0, 1),
      initTasks: null,
      cover: '',
    }
    const changed = await labctl.ask(go.playground, 'PUT', `/playgrounds/${name}`, update)
    assert.deepEqual([changed.title, changed.description, changed.machines?.length], ['One tier demo', '', 1])
    assert.deepEqual(Object.keys(changed.initTasks ?? {}), [], 'it is replaced, not merged')
    await labctl.ask(go.playground, 'PUT', `/playgrounds/${name}`, { ...manifest, base: undefined })
    // As a script does that changes one field of what it read.
    const answered = await (await labctl.send('GET', `/playgrounds/${name}`)).json()
    await labctl.ask(go.playground, 'PUT', `/playgrounds/${name}`, answered)
  })

  test('start: consent is asked for by the owner, and three waits end', async () => {
    await labctl.ask(go.playground, 'GET', '/playgrounds/debian')
    id = (await start(startOf(name, { initConditions: { edition: 'small' } }))).id
    const { expiresIn, tasks } = await get(id)
    assert.ok((expiresIn ?? 0) > 37 * 365 * 24 * 3600_000, 'labctl shows less as a time that comes')
    assert.ok(Number(expiresIn) < 2 ** 63 / 1e6, 'Go counts nanoseconds')
    assert.deepEqual(Object.keys(tasks), ['seed'], 'a task of another condition is not shown')
  })

  test('start -f and --backend: parts of a manifest replace those of the playground', async () => {
    const machines = [{ name: 'debian', backend: 'firecracker', resources: { cpuCount: 2 } }]
    const { id: other, machines: has } = await start(startOf('debian', { machines }))
    assert.equal(has[0]?.resources?.cpuCount, 2)
    await act(other, { action: 'destroy' })
  })

  test('catalog: each filter', async () => {
    const filters = ['', '?filter=base', '?filter=my-custom', '?filter=recent', '?filter=popular', '?filter=community']
    const found: (string | null | undefined)[][] = []
    for (const filter of filters)
      found.push((await labctl.ask(z.array(go.playground), 'GET', `/playgrounds${filter}`)).map((each) => each.name))
    const [official = [], base, custom, recent, popular, community] = found
    assert.ok(official.includes('debian') && !official.includes(name))
    assert.deepEqual(base, official)
    assert.deepEqual(custom, [name])
    assert.deepEqual(recent, ['debian', name], 'the last one first')
    assert.deepEqual(popular?.toSorted(), recent.toSorted())
    assert.deepEqual(community, [])
  })

  test('list: both of its requests, with and without -a', async () => {
    for (const path of ['/plays', '/plays?persistent=true']) {
      const plays = await labctl.ask(z.array(go.play), 'GET', path)
      assert.ok(plays.some((play) => play.id === id))
    }
  })

  test('status, tasks and wait', async () => {
    const play = await get(id)
    assert.ok(isReady(play.status) && stateOf(play) === 'RUNNING')
    const [task] = await labctl.ask(go.taskDetails, 'GET', `/plays/${id}/tasks?machine=web&machine=db`)
    assert.deepEqual([task?.name, task?.status], ['seed', 40])
    assert.deepEqual(await labctl.ask(go.taskDetails, 'GET', `/plays/${id}/tasks?machine=db`), [])
  })

  test('a live status is sent at once, and again, although nothing changes', async () => {
    const { url } = await labctl.ask(go.url, 'POST', `/plays/${id}/conns`)
    assert.match(url, /^ws:/)
    await labctl.frames(url, go.statusFrame, (_, all) => all.filter(({ kind }) => kind === 'status').length === 2)
  })

  test('title, persist, lifetime, region', async () => {
    assert.equal((await act(id, { action: 'set_title', title: 'Mine' })).title, 'Mine')
    await act(id, { action: 'make_persistent' })
    const bounded = await act(id, { action: 'set_max_play_time', maxPlayTimeMinutes: 480 })
    assert.equal(bounded.maxPlayTime, '8h0m0s')
    assert.ok(Math.abs((bounded.expiresIn ?? 0) - 8 * 3600_000) < 120_000)
    const me = await labctl.ask(go.me, 'PATCH', '/account/preferences', { region: 'ap' })
    assert.equal(me.preferredRegion, 'ap')
    assert.equal((await labctl.ask(go.me, 'GET', '/auth/me')).preferredRegion, 'ap')
  })

  test('machines, machine console, machine journal', async () => {
    const { consoles } = await act(id, { action: 'machine.console.list', machine: 'web' }, go.consoles)
    const [console = ''] = consoles
    assert.match((await act(id, { action: 'machine.console.read', machine: 'web', console }, go.content)).content, /Linux/)

    const { url } = await labctl.ask(go.url, 'POST', `/plays/${id}/journals`, { machine: 'web', unit: 'ssh', lines: 5 })
    const [first] = await labctl.frames(url, go.journalFrame, ({ stdout }) => stdout !== undefined)
    assert.match(first?.stdout ?? '', /systemd/)
    const ended = await labctl.ask(go.url, 'POST', `/plays/${id}/journals`, { machine: 'web', since: '-1h', until: 'now' })
    const all = await labctl.frames(ended.url, go.journalFrame, ({ eof }) => eof === true)
    assert.equal(all.at(-1)?.exitCode, 0)
    const closed = await labctl.ask(go.url, 'POST', `/plays/${id}/journals`, { machine: 'db' })
    const refused = await labctl.frames(closed.url, go.journalFrame, ({ eof }) => eof === true)
    assert.match(refused.at(-1)?.stderr ?? '', /lets nobody into the machine db/)
  })

  test('machine reboot, stop, restart', async () => {
    const machineIs = (state: string) =>
      until(
        `web to be ${state}`,
        async () => (await get(id)).status.machines?.find((each) => each?.name === 'web')?.state === state,
      )
    for (const [action, then] of [
      ['machine.reboot', 'RUNNING'],
      ['machine.stop', 'STOPPED'],
      ['machine.restart', 'RUNNING'],
    ] as const) {
      await act(id, { action, machine: 'web' })
      await machineIs(then)
    }
  })

  test('stop and restart end by what is polled', async () => {
    await act(id, { action: 'stop' })
    await until('the run to be off', async () => !isActive(await get(id)))
    await act(id, { action: 'restart' })
    await until('the run to be RUNNING', async () => stateOf(await get(id)) === 'RUNNING')
  })

  test('ssh, cp, ide and port-forward: the tunnel with its login', async () => {
    const sshPubKey = `ssh-ed25519 ${Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from('ssh-ed25519'),
      Buffer.from([0, 0, 0, 32]),
      Buffer.alloc(32, 7),
    ]).toString('base64')} me\n`
    const body = { machine: 'web', port: 0, access: 'private', generateLoginUrl: true, sshUser: 'root', sshPubKey }
    const { url, loginUrl } = await labctl.ask(go.tunnel, 'POST', `/plays/${id}/tunnels`, body)
    const login = await fetch(loginUrl)
    assert.equal(login.status, 200)
    assert.match(login.headers.get('set-cookie') ?? '', /^\.ixcondsess=[^;]+/)
    assert.match(url, /^https?:\/\/[^/]+\/api\/tunnels\/[\w-]+$/)
    await labctl.ask(go.tunnel, 'POST', `/plays/${id}/tunnels`, { ...body, sshUser: '', sshPubKey: '' })
  })

  test('port-forward: what is saved is listed, restored and removed by its place', async () => {
    const forward = { kind: 'local', machine: 'web', localPort: 8080, remotePort: 80 }
    await labctl.ask(go.anything, 'POST', `/plays/${id}/port-forwards`, forward)
    const back = {
      kind: 'remote',
      machine: 'web',
      localHost: '127.0.0.1',
      localPort: 3000,
      remotePort: 9000,
      remoteHost: '0.0.0.0',
    }
    await labctl.ask(go.anything, 'POST', `/plays/${id}/port-forwards`, back)
    const list = () => labctl.ask(go.savedForwards, 'GET', `/plays/${id}/port-forwards`)
    assert.deepEqual(
      (await list()).map((each) => [each?.kind, each?.localPort ?? 0, each?.remotePort]),
      [
        // Of the manifest.
        ['local', 0, 80],
        ['local', 8080, 80],
        ['remote', 3000, 9000],
      ],
    )
    await labctl.ask(go.anything, 'DELETE', `/plays/${id}/port-forwards/0`)
    assert.deepEqual(
      (await list()).map((each) => each?.kind),
      ['local', 'remote'],
    )
  })

  test('expose port, list, scan, remove', async () => {
    const body = { machine: 'web', number: 80, access: 'public', tls: false, hostRewrite: '', pathRewrite: '' }
    const made = await labctl.ask(go.port, 'POST', `/plays/${id}/ports`, body)
    assert.deepEqual([made.playId, made.number, made.access], [id, 80, 'public'])
    assert.deepEqual(
      (await labctl.ask(z.array(go.port), 'GET', `/plays/${id}/ports`)).map((each) => each.id),
      [made.id],
    )
    await labctl.ask(go.scannedPorts, 'POST', `/plays/${id}/ports/scan?machine=web`)
    await labctl.ask(go.anything, 'DELETE', `/plays/${id}/ports/${made.id}`)
    assert.deepEqual(await labctl.ask(z.array(go.port), 'GET', `/plays/${id}/ports`), [])
  })

  test('expose shell, list, remove', async () => {
    const made = await labctl.ask(go.shell, 'POST', `/plays/${id}/shells`, { machine: 'web', user: 'root', access: 'public' })
    assert.deepEqual([made.playId, made.machine, made.user, made.access], [id, 'web', 'root', 'public'])
    assert.match(made.url ?? '', new RegExp(`^https?://${made.hostname}(:\\d+)?/$`))
    assert.deepEqual(
      (await labctl.ask(z.array(go.shell), 'GET', `/plays/${id}/shells`)).map((each) => each.id),
      [made.id],
    )
    // `expose list` asks both, `expose remove` whichever has the id.
    assert.deepEqual(await labctl.ask(z.array(go.port), 'GET', `/plays/${id}/ports`), [])
    assert.equal((await labctl.send('DELETE', `/plays/${id}/ports/${made.id}`)).status, 404)
    await labctl.ask(go.anything, 'DELETE', `/plays/${id}/shells/${made.id}`)
    assert.deepEqual(await labctl.ask(z.array(go.shell), 'GET', `/plays/${id}/shells`), [])
  })

  test('destroy: a second one answers as the first, and nothing of it is shown as on', async () => {
    const bodies = [await act(id, { action: 'destroy' }), await act(id, { action: 'destroy' })]
    assert.deepEqual(
      bodies.map((play) => play.id),
      [id, id],
    )
    await until('the run to be gone', async () => !isActive(await get(id)))
    const play = await act(id, { action: 'destroy' })
    assert.equal(stateOf(play), 'DESTROYED')
    assert.deepEqual(
      play.status.machines?.map((machine) => [machine?.state, machine?.conditions?.some((each) => each?.status === 'True')]),
      [
        ['STOPPED', false],
        ['STOPPED', false],
      ],
    )
    await labctl.ask(go.anything, 'DELETE', `/plays/${id}`)
  })

  test('remove', async () => {
    await labctl.ask(go.anything, 'DELETE', `/playgrounds/${name}`)
    assert.equal((await labctl.send('GET', `/playgrounds/${name}`)).status, 404)
  })
})

describe('labctl search and api', () => {
  test('search counts all and shows a page', async () => {
    const answer = await labctl.send('GET', '/search?search=linux&kind=playground&kind=course&limit=2&offset=0')
    const { items } = go.searchResult.parse(await answer.json())
    assert.equal(items?.length, 2)
    assert.ok(Number(answer.headers.get('x-total-count')) > 2)
    const none = await labctl.ask(go.searchResult, 'GET', '/search?search=debian&tag=go&category=linux')
    assert.deepEqual(none.items, [])
  })

  test('JSON is read whatever its Content-Type', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8', 'x']) {
      const answer = await labctl.send('PATCH', '/account/preferences', { region: 'eu' }, { 'content-type': type })
      assert.equal(answer.status, 200, `${type}: ${await answer.text()}`)
    }
  })
})

describe('a start that is asked for again', () => {
  const titles = async () => (await server.client()).plays.list().then((plays) => plays.map(({ title }) => title))

  test('with its Idempotency-Key starts nothing more, also after a new start of the server', async () => {
    const body = startOf('debian', { title: 'By key' })
    const ask = async () => go.play.parse(await (await labctl.send('POST', '/plays', body, { 'idempotency-key': 'k-1' })).json())
    const [first, ...others] = await Promise.all([ask(), ask(), ask()])
    const over = await start(startOf('debian', { maxPlayTimeMinutes: 10 }))
    await server.kill()
    const ended = new Date(Date.now() - 1000).toISOString()
    changeStore(server, `update runs set ends_at = '${ended}' where id = '${over.id}'`)
    await server.start({ RAMET_MEMORY: '16TiB' })
    labctl = new Labctl(server.endpoint, { session: 'any', token: await server.token() })
    for (const each of [...others, await ask()]) assert.equal(each.id, first?.id)
    assert.equal((await titles()).filter((title) => title === 'By key').length, 1)
    // What ended while no server ran.
    const { ending } = await server.reached(over.id, 'STOPPED')
    assert.match(ending ?? '', /^It was stopped at .*, when its time of 10m was over\.$/)
    const other = await labctl.send('POST', '/plays', startOf('debian', { title: 'Else' }), { 'idempotency-key': 'k-1' })
    assert.equal(other.status, 422)
  })
})

describe('the Terraform provider', () => {
  test('create, read, update and delete of a playground: what it wrote it reads back under its own names', async () => {
    const [web, db] = manifest.machines
    const { timeout_seconds: _, ...seed } = manifest.initTasks.seed
    const written = {
      name: 'tf-lab',
      ...manifest,
      base: null,
      machines: [web, { ...db, noSSH: undefined, noSsh: true }],
      initTasks: { seed: { ...seed, name: 'seed', timeoutSeconds: 90 } },
      initConditions: null,
    }
    const { name } = await labctl.ask(go.terraformPlayground, 'POST', '/playgrounds', written)
    const read = await labctl.ask(go.terraformPlayground, 'GET', `/playgrounds/${name}`)
    assert.deepEqual(
      read.machines?.map((machine) => machine?.noSsh ?? false),
      [false, true],
    )
    assert.deepEqual([read.initTasks?.seed?.name, read.initTasks?.seed?.timeoutSeconds], ['seed', 90])
    const again = { ...written, name: undefined, title: 'Another title', initTasks: { seed: { ...seed, timeoutSeconds: 30 } } }
    const updated = await labctl.ask(go.terraformPlayground, 'PUT', `/playgrounds/${name}`, again)
    assert.deepEqual([updated.title, updated.initTasks?.seed?.timeoutSeconds], ['Another title', 30])
    await labctl.ask(go.anything, 'DELETE', `/playgrounds/${name}`)
    assert.equal((await labctl.send('GET', `/playgrounds/${name}`)).status, 404)
  })
})
