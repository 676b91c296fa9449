import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { TLSSocket, connect as tlsConnect } from 'node:tls'
import { makeServerIdentity } from './certificate.ts'
import { LocalAuthority } from './local-authority.ts'
import { certificateNames } from './names.ts'

const named = (more: Partial<Parameters<typeof certificateNames>[0]> = {}) =>
  certificateNames({ host: '127.0.0.1', publicUrl: undefined, names: [], portsDomain: 'localhost', addresses: [], ...more })

async function makeHome() {
  const home = await mkdtemp(join(tmpdir(), 'authority-'))
  await mkdir(join(home, 'secrets'))
  const open = (names = named(), now = new Date()) =>
    LocalAuthority.open({ home, installation: 'abcd', names: () => names, now: () => now })
  return { home, open, [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) }
}

const day = 24 * 3600 * 1000

test('what is made at the first start is kept, readable by its owner alone', async () => {
  await using made = await makeHome()
  const first = await made.open()
  const again = await made.open()
  assert.equal(again.certificate, first.certificate)
  assert.deepEqual(again.identity, first.identity)
  const files = await readdir(join(made.home, 'secrets'))
  assert.deepEqual(files.sort(), ['tls-authority.pem', 'tls-server.pem'])
  for (const file of files) assert.equal((await stat(join(made.home, 'secrets', file))).mode & 0o777, 0o600)
})

test('the certificate has the server’s names and addresses, and the authority signed it', async () => {
  await using made = await makeHome()
  const { certificate, identity } = await made.open(
    named({
      host: '0.0.0.0',
      publicUrl: 'https://lab.example.net',
      names: ['lab'],
      portsDomain: 'p.example.net',
      addresses: ['192.168.7.5'],
    }),
  )
  const server = new X509Certificate(identity.certificate)
  const authority = new X509Certificate(certificate)
  assert.ok(server.checkIssued(authority) && server.verify(authority.publicKey))
  assert.ok(authority.ca && !server.ca)
  for (const host of ['localhost', 'lab.example.net', 'lab', 'any.p.example.net']) assert.ok(server.checkHost(host), host)
  for (const address of ['127.0.0.1', '::1', '192.168.7.5']) assert.ok(server.checkIP(address), address)
  assert.equal(server.checkHost('other.example.net'), undefined)
})

test('a certificate that ends soon is made anew by the same authority, and so is one that lacks a name', async () => {
  await using made = await makeHome()
  const first = await made.open()
  const soon = new Date(Date.now() + 370 * day)
  const renewed = await made.open(named(), soon)
  assert.equal(renewed.certificate, first.certificate)
  assert.notEqual(renewed.identity.certificate, first.identity.certificate)
  assert.ok(Date.parse(new X509Certificate(renewed.identity.certificate).validTo) > soon.getTime() + 390 * day)
  const other = await made.open(named({ host: '10.1.2.3' }), soon)
  assert.equal(other.certificate, first.certificate)
  assert.ok(new X509Certificate(other.identity.certificate).checkIP('10.1.2.3'))
})

test('a running server renews its certificate, and says so once', async () => {
  await using made = await makeHome()
  let now = new Date()
  const authority = await LocalAuthority.open({ home: made.home, installation: 'abcd', names: () => named(), now: () => now })
  assert.equal(await authority.renew(), false)
  now = new Date(now.getTime() + 370 * day)
  assert.equal(await authority.renew(), true)
  assert.equal(await authority.renew(), false)
})

test('a damaged file, a key of something else and half a file are made good', async () => {
  await using made = await makeHome()
  const file = (name: string) => join(made.home, 'secrets', name)
  const first = await made.open()
  const { key } = makeServerIdentity({ title: 'x', key: first.identity.key }, ['x'])
  const text = await readFile(file('tls-server.pem'), 'utf8')
  for (const damage of ['', 'x', text.slice(0, 300), key + first.identity.certificate]) {
    await writeFile(file('tls-server.pem'), damage)
    const again = await made.open()
    assert.equal(again.certificate, first.certificate)
    assert.ok(new X509Certificate(again.identity.certificate).verify(new X509Certificate(first.certificate).publicKey))
  }
  await writeFile(file('tls-authority.pem'), 'x')
  await chmod(file('tls-authority.pem'), 0o600)
  assert.notEqual((await made.open()).certificate, first.certificate)
})

/** Asks a server with this identity for `host` as a client that trusts the authority alone. Returns what the client says. */
async function ask(authority: string, { certificate, key }: { certificate: string; key: string }, host: string): Promise<string> {
  const server = createServer((raw) => {
    raw.on('error', () => {})
    new TLSSocket(raw, { isServer: true, cert: certificate, key }).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const socket = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1')
  const secure = tlsConnect({ socket, ca: authority, servername: host, host })
  try {
    return await new Promise((resolve) => {
      secure.on('secureConnect', () => resolve('trusted'))
      secure.on('error', (error: NodeJS.ErrnoException) => resolve(error.message))
    })
  } finally {
    secure.destroy()
    socket.destroy()
    server.close()
  }
}

test('whoever trusts the authority trusts it for the server’s names alone, whatever it signs', async () => {
  await using made = await makeHome()
  const authority = await made.open(named({ portsDomain: 'p.example.net' }))
  const key = /-----BEGIN PRIVATE[\s\S]*?-----END PRIVATE KEY-----\n/.exec(
    await readFile(join(made.home, 'secrets/tls-authority.pem'), 'utf8'),
  )?.[0]
  const signer = { title: new X509Certificate(authority.certificate).subject.replace('CN=', ''), key: key ?? '' }
  for (const host of ['a.localhost', 'a.p.example.net'])
    assert.equal(await ask(authority.certificate, makeServerIdentity(signer, [host]), host), 'trusted')
  for (const host of ['bank.example', 'example.net'])
    assert.equal(await ask(authority.certificate, makeServerIdentity(signer, [host]), host), 'permitted subtree violation')
})

test('a name below localhost has a certificate of its own, made once', async () => {
  await using made = await makeHome()
  const authority = await made.open()
  assert.equal(await authority.contextFor('a.localhost'), await authority.contextFor('a.localhost'))
  assert.notEqual(await authority.contextFor('a.localhost'), await authority.contextFor('b.localhost'))
})
