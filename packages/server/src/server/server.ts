import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { useBackgroundClass } from '@ramet/engine'
import { pages } from '@ramet/model/api/routes.ts'
import type { SshGatewayInfo } from '@ramet/model/api/ssh.ts'
import type { TlsInfo } from '@ramet/model/api/tls.ts'
import type { InvalidInput } from '@ramet/model/errors/error.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { Conditions } from '@ramet/model/plan/init-conditions.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Logger } from 'pino'
import { type MemoryRule, memoryForRuns } from '../admission/admission.ts'
import { usedAllowances } from '../admission/allowances.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { BackgroundRuns } from '../background/background-runs.ts'
import { noticeRequests } from '../background/notice-requests.ts'
import { copyService } from '../clone-save/copy-service.ts'
import type { Config } from '../config.ts'
import { hostWasRebooted, publishServer } from '../home.ts'
import { hostReport } from '../host-report.ts'
import { assembleApp } from '../http/app.ts'
import { endpointOf, listen } from '../http/listen.ts'
import { ImageCollector } from '../images/image-collector.ts'
import { defaultImage, ImageService } from '../images/image-service.ts'
import { readImageNames } from '../images/read-image-names.ts'
import { RegistryReach } from '../images/registry-reach.ts'
import { lineageService } from '../lineage/lineage-service.ts'
import { BoundedReader } from '../manifests/manifest-reader.ts'
import type { OpenHost } from '../open-host.ts'
import { Catalog } from '../playgrounds/catalog/catalog.ts'
import { openPlaygrounds } from '../playgrounds/playgrounds.ts'
import { RegistryAuths } from '../playgrounds/registry-auths.ts'
import { openPortKey } from '../ports/port-cookie.ts'
import { portService } from '../ports/port-service.ts'
import { injectFaults } from '../reconcile/fault-injection.ts'
import { Reconciler } from '../reconcile/reconciler.ts'
import { runStore } from '../reconcile/run-store.ts'
import { mostBringUps, mostTries, Slots } from '../reconcile/slots.ts'
import { allRuns } from '../runs/all-runs.ts'
import { Lifetimes } from '../runs/lifetimes.ts'
import { machineService } from '../runs/machine-service.ts'
import { permittedRun } from '../runs/permitted-run.ts'
import { planRun } from '../runs/plan-run.ts'
import { runService } from '../runs/run-service.ts'
import type { StartSpecTools } from '../runs/start-spec.ts'
import type { PlayContext } from '../runs/to-play.ts'
import type { Services } from '../services.ts'
import { openHostKey, publicLine } from '../ssh/host-key.ts'
import { sshKeyService } from '../ssh/ssh-keys.ts'
import { reclaim } from '../storage/reclaim.ts'
import { forgetLostSnapshots } from '../storage/snapshots/forget-lost.ts'
import { storageService } from '../storage/usage/storage-service.ts'
import { listPlaygrounds } from '../store/playgrounds.ts'
import { forgetWarmStarts } from '../store/warm-starts.ts'
import type { HandedOver } from '../warm-pool/hand-over.ts'
import { shapeNow } from '../warm-pool/offer.ts'
import { destroyThrowaways } from '../warm-pool/throwaway.ts'
import { WarmStarts } from '../warm-pool/warm-starts.ts'
import { ensureWebBundle } from '../web/bundle.ts'
import { backgroundStorage } from './background-storage.ts'
import { openGateway } from './open-gateway.ts'
import { openHostPorts } from './open-host-ports.ts'
import { openHttps } from './open-https.ts'
import { openStore } from './open-store.ts'
import { runEvents } from './run-events.ts'
import { usersWithRemoval } from './users-with-removal.ts'

const officialFolder = join(import.meta.dirname, '../../../../playgrounds')

const lookForSpaceEveryMs = 10 * 60_000

export interface RunningServer {
  /** `http://127.0.0.1:8420`, without a slash at the end. */
  readonly endpoint: string
  /** Makes a login link for the installation's owner. */
  makeLoginLink(): string
  /** Images, kernel pack, accelerator probe, web bundle: in the background, after the server answers. Never throws. */
  warmUp(): Promise<void>
  /** Ends the server; VMs go on. */
  close(): Promise<void>
}

/**
 * Starts everything in order. HTTP answers before anything slow begins, and the reconciler begins with runs at once. What was opened is closed in reverse order when the
 * server ends or a later step of its start fails.
 */
export async function startServer(config: Config, log: Logger, openHost: OpenHost): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack()
  const { db, installation, owner, auth, accounts, agents, signIns, passkeys, ...store } = await openStore(config, log, opened)
  useBackgroundClass(config.background)
  const audit = opened.use(
    new AuditLog({
      db,
      keepMs: config.auditForMs,
      mostOfEach: config.auditEntries,
      onError: (error) => log.error({ err: error }, 'the audit log could not be written'),
    }),
  )
  await audit.trim()
  const host = await openHost({
    home: config.home,
    cache: config.cache,
    installation: installation.id,
    uids: process.env.RAMET_UIDS,
    buildNetwork: config.buildNetwork,
    accelerator: config.accelerator,
    imageNames: await readImageNames(config.home).catch((error) => {
      log.error({ err: error, where: (error as InvalidInput).where }, 'images.yaml is wrong and is left out')
      return {}
    }),
    onAccelerator: (found) => log.info(found, 'accelerator chosen'),
  })
  opened.defer(() => host.close())
  const collector = new ImageCollector({
    db,
    cacheFolder: config.cache,
    list: () => images.list(),
    remove: (name) => images.remove(name),
    removed: (image) => log.info(image, 'an image that nothing used was removed: there was little space'),
  })
  const registryAuths = new RegistryAuths(config.home)
  await registryAuths.keepOnly((await listPlaygrounds(db)).map(({ id }) => id))
  const images: ImageService = new ImageService({
    db,
    registryAuths,
    collector,
    storage: host.storage,
    library: host.images,
    buildFailed: (name, error) => log.error({ err: error, image: name }, 'an image could not be built'),
  })
  const afterStep = injectFaults(process.env.RAMET_FAULTS)
  const background = backgroundStorage({ config, log, db, host, afterStep }, opened)
  const { layers, activity, collect } = background
  let endpoint = ''
  const webUrl = () => config.publicUrl ?? endpoint
  const plays: PlayContext = {
    db,
    installation: installation.id,
    endpoint: webUrl,
    progressOf: (runId) => reconciler.progressOf(runId),
  }
  const { events, changed } = runEvents({
    plays,
    images,
    host,
    activity,
    log,
    runs: () => runs,
    noticed: () => warmStarts.trigger(),
  })
  const reconciler: Reconciler = new Reconciler({
    tries: new Slots(mostTries),
    bringUps: new Slots(mostBringUps),
    db,
    host,
    log,
    layers,
    images,
    changed,
    collect,
    takeDrives: background.yieldTo,
    wentOff: background.trigger,
    afterStep,
  })
  opened.defer(() => reconciler.close())
  const memory: MemoryRule = {
    totalBytes: config.memoryBytes ?? memoryForRuns(),
    bytesOf: (plan) => host.memoryOf(plan),
    limits: config.limits,
  }
  const share = { ...memory, hostThreads: availableParallelism() }
  const planOf = (spec: ManifestSpec, asked: Conditions = {}) => planRun(spec, share, asked)
  const warmStarts: WarmStarts = new WarmStarts({
    activity,
    background: new BackgroundRuns(activity, host),
    db,
    host,
    images,
    reconciler,
    memory,
    planOf,
    log,
    isOn: config.warmStarts,
    spareForMs: config.spareForMs,
    ownerId: owner.id,
    store: (runId) => runStore(layers, runId),
    collect,
    afterStep,
  })
  opened.defer(() => warmStarts.close())
  const warm = {
    isOn: config.warmStarts,
    shapeNow: (plan: RunPlan) => shapeNow(images, plan),
    handedOver: (spare: HandedOver) => warmStarts.handedOver(spare),
  }
  const reader = opened.use(new BoundedReader({ limits: config.limits }))
  const specs: StartSpecTools = {
    reader,
    images: () => images.names(),
    pinSources: (spec, auth) => images.pinSources(spec, auth),
    registryAuths,
  }
  const lifetimes = new Lifetimes({
    db,
    ended(runId) {
      reconciler.worker(runId).trigger({ supersede: true })
      changed(runId)
    },
    changed,
    onError: (error) => log.error({ err: error }, 'ends of runs could not be looked at'),
  })
  opened.defer(() => lifetimes.close())
  const lifetimesChanged = () => lifetimes.trigger()
  const runs = runService({ db, host, reconciler, plays, memory, specs, images, planOf, warm, changed, lifetimesChanged })
  const storage = storageService({
    db,
    storage: host.storage,
    quotaBytes: config.quotaBytes,
    used: (trx, userId, storageBytes) => usedAllowances(trx, memory, userId, storageBytes),
  })
  const permitted = permittedRun(db)
  const leaving = new AbortController()
  opened.defer(() => leaving.abort())
  const bundle = ensureWebBundle({ log, signal: leaving.signal })
  const catalog = opened.use(
    await Catalog.open({ db, officialFolder, teamFolder: config.catalog, images: specs.images, reader, log }),
  )
  const reach = new RegistryReach(host.images)
  const hostKey = await openHostKey(config.home)
  let gateway: SshGatewayInfo = { port: null, hostKey: publicLine(hostKey) }
  let tls: TlsInfo = { port: null, authority: null, publicUrl: config.publicUrl ?? null, portsDomain: config.portsDomain }
  const machines = machineService({ permitted, host: host.machines, looked: (runId) => reconciler.looked(runId) })
  const { hostPorts, users } = openHostPorts({ config, db, machines, log }, store.users, opened)
  const services: Services = {
    audit,
    sshKeys: sshKeyService(db),
    ports: portService({ db, permitted, machines, limits: config.limits, hostPorts, hostAddress: config.hostPorts }),
    auth,
    accounts,
    users: usersWithRemoval(users, { reconciler, registryAuths, collect }),
    groups: store.groups,
    agents,
    signIns,
    passkeys,
    playgrounds: openPlaygrounds({
      db,
      ...specs,
      catalog,
      registriesOf: (spec) => reach.of(spec),
      registryAuths,
      limits: config.limits,
      webUrl,
      collect,
    }),
    runs,
    allRuns: allRuns(db, (id) => {
      reconciler.worker(id).trigger({ supersede: true })
      changed(id)
    }),
    copies: copyService({ layers, reconciler, plays, permitted, quota: storage.quota, memory, changed, lifetimesChanged }),
    lineages: lineageService(db),
    storage,
    machines,
    images,
    events,
    host: await hostReport({
      config,
      db,
      host,
      images,
      memory,
      installation: installation.id,
      hasWeb: () => bundle.isCurrent(),
      hostKey,
      gateway: () => gateway,
      tls: () => tls,
    }),
  }
  opened.use(
    collector.watch(lookForSpaceEveryMs, (error) => log.warn({ err: error }, 'images could not be looked through for space')),
  )
  const wasRebooted = await hostWasRebooted(config.home)
  if (wasRebooted) await forgetLostSnapshots(db)
  else background.durability.trigger()
  await forgetWarmStarts(db, { kept: config.warmStarts })
  await destroyThrowaways(db)
  await reclaim(db, host, log)
  await collect()

  const local = endpointOf(config.host, config.port)
  const assembled = assembleApp(services, {
    log,
    endpoint: config.publicUrl ?? local,
    names: [...config.names, new URL(local).hostname],
    limits: config.limits,
    webFolder: bundle.folder,
    webState: bundle.state,
    ports: { domain: config.portsDomain, key: await openPortKey(config.home), publicUrl: config.publicUrl },
  })
  const { app } = assembled
  opened.defer(() => app.close())
  noticeRequests(app, activity)
  endpoint = await listen(app, config)
  tls = await openHttps({ config, installation: installation.id, app: assembled, log }, opened)
  gateway = await openGateway(config, services, hostKey, log, opened)
  await publishServer(config.home, endpoint)
  if (config.hostPorts !== undefined) await hostPorts.start()
  await reconciler.resume(wasRebooted)
  lifetimes.trigger()
  background.trigger()
  warmStarts.trigger()

  const closing = opened.move()
  return {
    endpoint,
    makeLoginLink: () => `${webUrl()}${pages.login(auth.makeLink(owner).token)}`,
    async warmUp() {
      await Promise.all([
        bundle.done,
        host
          .warmUp([defaultImage])
          .catch((error: unknown) => log.error({ err: error }, 'preparing the host failed; a start will try again')),
      ])
    },
    close: () => closing.disposeAsync(),
  }
}
