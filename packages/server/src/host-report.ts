import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '@ramet/engine'
import type { Check, Health } from '@ramet/model/api/host.ts'
import type { SshGatewayInfo } from '@ramet/model/api/ssh.ts'
import type { TlsInfo } from '@ramet/model/api/tls.ts'
import { unusedOf } from '@ramet/model/api/unused-images.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import { type MemoryRule, promisedMemory } from './admission/admission.ts'
import type { Config } from './config.ts'
import { fsck } from './fsck/fsck.ts'
import { littleSpaceBytes } from './images/image-collector.ts'
import type { ImageService } from './images/image-service.ts'
import type { HostReport } from './services.ts'
import { describeAddress, storeAddress } from './store/address.ts'
import { type Db, storeVersion } from './store/database.ts'

export interface HostReportTools {
  readonly config: Config
  readonly db: Db
  readonly host: Host
  readonly images: ImageService
  readonly memory: MemoryRule
  readonly installation: string
  hasWeb(): boolean
  readonly hostKey: string
  gateway(): SshGatewayInfo
  tls(): TlsInfo
}

const root = join(import.meta.dirname, '../../..')

export async function hostReport({
  config,
  db,
  host,
  images,
  memory,
  installation,
  hasWeb,
  hostKey,
  gateway,
  tls,
}: HostReportTools): Promise<HostReport> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const commit = readCommit()
  return {
    health(): Health {
      const building = images.list().filter((image) => image.state === 'building')
      return {
        status: 'ok',
        version,
        commit,
        installation,
        accelerator: host.accelerator(),
        building: building.map(({ kind, name, progress }) => ({ kind, name, ...(progress === undefined ? {} : { progress }) })),
        web: hasWeb(),
      }
    },
    sshGateway: gateway,
    tls,
    sshHostKey: () => hostKey,
    async doctor() {
      return [
        ...(await host.checks()),
        await promises(db, memory),
        await store(config, db),
        await space(config.home),
        await unused(images),
      ]
    },
    fsck({ isDeep }) {
      return fsck({ db, files: host.storage, allMemory: isDeep })
    },
  }
}

async function promises(db: Db, memory: MemoryRule): Promise<Check> {
  const promised = await promisedMemory(db, memory)
  const bytes = promised.reduce((sum, run) => sum + run.bytes, 0)
  const message = `Of the ${describeBytes(memory.totalBytes)} of memory for runs ${describeBytes(bytes)} are promised to ${promised.length} of them.`
  return { name: 'memory for runs', status: 'ok', message }
}

async function store({ home, database }: Config, db: Db): Promise<Check> {
  const address = storeAddress(home, database)
  return { name: 'store', status: 'ok', message: `${await storeVersion(db, address)}. ${describeAddress(address)}` }
}

async function space(home: string): Promise<Check> {
  const { bavail, bsize } = await statfs(home)
  const free = bavail * bsize
  const message = `${describeBytes(free)} are free under ${home}.`
  if (free >= littleSpaceBytes) return { name: 'space', status: 'ok', message }
  return { name: 'space', status: 'warn', message, hint: 'Destroy runs you no longer need: ramet playground list -a' }
}

async function unused(images: ImageService): Promise<Check> {
  const found = unusedOf(await images.listWithUses())
  const bytes = found.reduce((sum, image) => sum + image.bytes, 0)
  const when = `They go by themselves when less than ${describeBytes(littleSpaceBytes)} are free.`
  const message =
    found.length === 0
      ? 'None could be removed to free space.'
      : `${found.length} from registries (${describeBytes(bytes)}) are used by nothing. ${when}`
  return { name: 'images', status: 'ok', message }
}

/** Commit of the checkout; null for an unpacked archive. */
function readCommit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    }).trim()
  } catch {
    return null
  }
}
