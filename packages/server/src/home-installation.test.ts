import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bindHome } from './home-installation.ts'

const url = 'postgres:///ramet'

async function withHome(body: (home: string) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'ramet-home-'))
  await mkdir(join(home, 'run'))
  try {
    await body(home)
  } finally {
    await rm(home, { recursive: true })
  }
}

test('a home goes on with the store that it began with, and refuses another one', () =>
  withHome(async (home) => {
    await bindHome(home, 'aaaa', { url })
    await bindHome(home, 'aaaa', { url })
    await assert.rejects(bindHome(home, 'bbbb', { url }), { code: 'home_of_another_store' })
    await assert.rejects(bindHome(home, 'bbbb', { file: join(home, 'ramet.sqlite') }), { code: 'home_of_another_store' })
  }))

test('a home that has a store in it, from before the home kept its id, is not taken for that of a database', () =>
  withHome(async (home) => {
    await writeFile(join(home, 'ramet.sqlite'), '')
    await assert.rejects(bindHome(home, 'aaaa', { url }), { code: 'home_of_another_store' })
    await bindHome(home, 'bbbb', { file: join(home, 'ramet.sqlite') })
  }))
