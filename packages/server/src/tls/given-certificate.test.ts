import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RametError } from '@ramet/model/errors/error.ts'
import { until } from '../testing/start-for-test.ts'
import { type Identity, makeAuthority, makeServerIdentity } from './certificate.ts'
import { GivenCertificate } from './given-certificate.ts'

const authority = makeAuthority('Test', ['lab.example'])
const made = () => makeServerIdentity({ title: 'Test', key: authority.key }, ['lab.example'])
const serialOf = ({ certificate }: Identity) => new X509Certificate(certificate).serialNumber

test('files that change are used without a restart; what cannot be used is told and changes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'given-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const files = { certificate: join(folder, 'lab.pem'), key: join(folder, 'lab.key') }
  const write = async ({ certificate, key }: Identity) => {
    for (const [path, text] of [
      [files.key, key],
      [files.certificate, certificate],
    ] as const) {
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
    }
  }
  const first = made()
  await write(first)
  const changes: Identity[] = []
  const failures: RametError[] = []
  using given = await GivenCertificate.open(files, {
    everyMs: 5,
    changed: (identity) => changes.push(identity),
    failed: (error) => failures.push(error),
  })
  assert.equal(serialOf(given.identity), serialOf(first))

  const second = made()
  await write(second)
  await until('the second', () => changes.some((identity) => serialOf(identity) === serialOf(second)))

  await writeFile(files.key, 'no key')
  await until('the failure', () => failures.length > 0)
  assert.equal(failures.at(-1)?.code, 'bad_tls_files')

  // As certbot does: the name is a link to the newest.
  const third = made()
  await writeFile(join(folder, 'third.pem'), third.certificate)
  await unlink(files.certificate)
  await symlink('third.pem', files.certificate)
  await writeFile(files.key, third.key)
  await until('the third', () => changes.some((identity) => serialOf(identity) === serialOf(third)))
})

test('a key of another certificate, and no files at all, are refused by name', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'given-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const files = { certificate: join(folder, 'lab.pem'), key: join(folder, 'lab.key') }
  const options = { changed() {}, failed() {} }
  await assert.rejects(GivenCertificate.open(files, options), { code: 'bad_tls_files' })
  await writeFile(files.certificate, made().certificate)
  await writeFile(files.key, made().key)
  await assert.rejects(GivenCertificate.open(files, options), { code: 'bad_tls_files', message: /not that of the certificate/ })
})
