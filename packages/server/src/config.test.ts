import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import { readConfig } from './config.ts'

test('without flags and variables the defaults hold', () => {
  assert.deepEqual(readConfig([], {}), {
    home: '/var/lib/ramet',
    database: undefined,
    host: '127.0.0.1',
    port: 8420,
    sshPort: 8421,
    httpsPort: 8422,
    tlsFiles: undefined,
    publicUrl: undefined,
    portsDomain: 'localhost',
    hostPorts: '127.0.0.1',
    cache: '/var/lib/ramet/cache',
    catalog: undefined,
    names: [],
    quotaBytes: 100 * 1024 ** 3,
    maxLayers: 16,
    signIn: { oidc: undefined, github: undefined },
    auditForMs: 180 * 24 * 3600_000,
    auditEntries: 50_000,
    accelerator: 'auto',
    buildNetwork: false,
    warmStarts: true,
    memoryBytes: undefined,
    limits: defaultLimits,
    spareForMs: 30 * 60_000,
    quietForMs: 60_000,
    background: 'idle',
    packMemoryAfterMs: 24 * 3_600_000,
  })
})

test('flags win over variables, and the cache follows the home', () => {
  const env = {
    RAMET_HOME: '/srv/a',
    RAMET_DATABASE: 'postgres://db/ramet',
    RAMET_PORT: '1',
    RAMET_HOST: '::1',
    RAMET_NAMES: 'Lab.example, other',
    RAMET_QUOTA: '2GiB',
    RAMET_CATALOG: '/srv/playgrounds',
    RAMET_MEMORY: '512MiB',
    RAMET_LIMITS: 'runs=5, sockets=7',
    RAMET_PACK_MEMORY_AFTER: 'never',
    RAMET_SPARE_FOR: '90s',
    RAMET_QUIET_FOR: '5s',
    RAMET_BACKGROUND: 'low',
    RAMET_ACCELERATOR: 'tcg',
    RAMET_HTTPS_PORT: 'off',
    RAMET_TLS_CERT: '/etc/lab.pem',
    RAMET_TLS_KEY: '/etc/lab.key',
    RAMET_PUBLIC_URL: 'https://lab.example/',
    RAMET_PORTS_DOMAIN: 'Ports.example',
    RAMET_HOST_PORTS: '0.0.0.0',
  }
  const config = readConfig(['--home', '/srv/b', '--port=0'], env)
  assert.deepEqual(config, {
    home: '/srv/b',
    database: 'postgres://db/ramet',
    host: '::1',
    port: 0,
    sshPort: 0,
    httpsPort: undefined,
    tlsFiles: { certificate: '/etc/lab.pem', key: '/etc/lab.key' },
    publicUrl: 'https://lab.example',
    portsDomain: 'ports.example',
    hostPorts: '0.0.0.0',
    cache: '/srv/b/cache',
    catalog: '/srv/playgrounds',
    names: ['lab.example', 'other'],
    quotaBytes: 2 * 1024 ** 3,
    maxLayers: 16,
    signIn: { oidc: undefined, github: undefined },
    auditForMs: 180 * 24 * 3600_000,
    auditEntries: 50_000,
    accelerator: 'tcg',
    buildNetwork: false,
    warmStarts: true,
    memoryBytes: 512 * 1024 ** 2,
    limits: { ...defaultLimits, runs: 5, sockets: 7 },
    spareForMs: 90_000,
    quietForMs: 5_000,
    background: 'low',
    packMemoryAfterMs: undefined,
  })
})

for (const [argv, env, said] of [
  [['--port', '65536'], {}, /--port must be a port/],
  [[], { RAMET_PORT: 'http' }, /RAMET_PORT must be a port/],
  [['--quota', 'much'], {}, /--quota must be a size such as 100GiB/],
  [['--prot', '1'], {}, /--prot/],
  [['--home='], {}, /--home needs a value/],
  [['--max-layers', '1'], {}, /--max-layers must be a number/],
  [['--pack-memory-after', 'soon'], {}, /--pack-memory-after must be a duration such as 24h, or never/],
  [['--spare-for', 'soon'], {}, /--spare-for must be a duration such as 24h, or never/],
  [['--accelerator', 'hvf'], {}, /--accelerator must be auto, kvm or tcg, not "hvf"/],
  [['--background', 'fast'], {}, /--background must be idle or low, not "fast"/],
  [['--quiet-for', 'never'], {}, /--quiet-for must be a duration such as 1m/],
  [['--https-port', 'on'], {}, /--https-port must be a port/],
  [['--tls-cert', 'a.pem'], {}, /given together/],
  [['--public-url', 'lab.example'], {}, /--public-url must be an address/],
  [['--public-url', 'https://lab.example/ramet'], {}, /--public-url must be an address/],
  [['--ports-domain', '10.0.0.1'], {}, /--ports-domain must be a domain/],
  [['start'], {}, /start/],
] as const) {
  test(`refuses ${JSON.stringify([argv, env])} and says which flags there are`, () => {
    assert.throws(() => readConfig(argv, env), { code: 'invalid_input', message: said })
  })
}

test('a database that is no URL of PostgreSQL is refused without being repeated: there may be a password in it', () => {
  assert.throws(
    () => readConfig([], { RAMET_DATABASE: 'mysql://ann:s3cret@db' }),
    (error: Error & { where: string }) => {
      assert.equal(error.where, 'RAMET_DATABASE')
      assert.doesNotMatch(error.message, /s3cret/)
      return true
    },
  )
})
