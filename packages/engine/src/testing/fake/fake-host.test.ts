import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { hostConformance } from '../host-conformance.ts'
import { openFakeHost } from './open-fake-host.ts'

const cache = mkdtempSync(join(tmpdir(), 'ramet-cache-'))
after(() => rmSync(cache, { recursive: true }))

// Pretend machines listen on 7 from the beginning.
hostConformance('the fake world', { open: openFakeHost, cache, echo: async () => 7, echoDatagrams: async () => 7 })
