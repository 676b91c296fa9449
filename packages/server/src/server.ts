import { join } from 'node:path'
import { platform } from '@ramet/model/access/can.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Logger } from 'pino'
import { TokenAuth } from './access/auth.ts'
import { ensureCliToken } from './access/cli-token.ts'
import { subjectOfRun } from './access/permit.ts'
import { type MemoryRule, memoryForRuns } from './admission/admission.ts'
import { Activity } from './background/activity.ts'
import { BackgroundRuns } from './background/background-runs.ts'
import { noticeRequests } from './background/notice-requests.ts'
import { isOnItsWay } from './background/on-its-way.ts'
import { copyService } from './clone-save/copy-service.ts'
import type { Config } from './config.ts'
import { EventStream } from './events/events.ts'
import { OneAtATime } from './events/one-at-a-time.ts'
import { hostWasRebooted, openHome, publishServer } from './home.ts'
import { bindHome } from './home-installation.ts'
import { hostReport } from './host-report.ts'
import { buildApp } from './http/app.ts'
import { endpointOf, listen } from './http/listen.ts'
import { defaultImage, ImageService } from './images/image-service.ts'
import { lineageService } from './lineage/lineage-service.ts'
import type { OpenHost } from './open-host.ts'
import { loadCatalog } from './playgrounds/catalog.ts'
import { openPlaygrounds } from './playgrounds/playgrounds.ts'
import { crashAfter, haltAfter } from './reconcile/fault-injection.ts'
import { Reconciler } from './reconcile/reconciler.ts'
import { runStore } from './reconcile/run-store.ts'
import { Reserve } from './reserve.ts'
import { machineService } from './runs/machine-service.ts'
import { permittedRun } from './runs/permitted-run.ts'
import { runService } from './runs/run-service.ts'
import { type PlayContext, toPlays } from './runs/to-play.ts'
import type { Services } from './services.ts'
import { collectLayers } from './storage/layers/collect.ts'
import { layerTools } from './storage/layers/layer-tools.ts'
import { Shortener } from './storage/layers/shortener.ts'
import { reclaim } from './storage/reclaim.ts'
import { collectSnapshots } from './storage/snapshots/collect.ts'
import { Durability } from './storage/snapshots/durability.ts'
import { forgetLostSnapshots } from './storage/snapshots/forget-lost.ts'
import { Rest } from './storage/snapshots/rest.ts'
import { storageService } from './storage/usage/storage-service.ts'
import { storeAddress } from './store/address.ts'
import { openDatabase } from './store/database.ts'
import { openInstallation } from './store/installation.ts'
import { findRun } from './store/runs.ts'
import { tokenStore } from './store/tokens.ts'
import { openOwner } from './store/users.ts'
import { forgetWarmStarts } from './store/warm-starts.ts'
import type { HandedOver } from './warm-pool/hand-over.ts'
import { shapeNow } from './warm-pool/offer.ts'
import { destroyThrowaways } from './warm-pool/throwaway.ts'
import { WarmStarts } from './warm-pool/warm-starts.ts'
import { ensureWebBundle } from './web/bundle.ts'

/** How long background work waits after an action, since a person's first command follows it. */
const afterwardsMs = 5_000

/** How many of the newest runs a new listener gets at once. Older ones are read as a list. */
const inPicture = 200

const catalogFolder = join(import.meta.dirname, '../../../playgrounds')

export interface RunningServer {
  /** `http://127.0.0.1:8420`, without a slash at the end. */
  readonly endpoint: string
  readonly loginToken: string
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
  opened.use(await openHome(config.home))
  opened.use(await Reserve.open(config.home, (error) => log.error({ err: error }, 'the reserve of space could not be kept')))
  const store = storeAddress(config.home, config.database)
  const db = await openDatabase({ ...store, onLost: (error) => leaveAtOnce(error, log) })
  opened.defer(() => db.destroy())
  const installation = await openInstallation(db)
  await bindHome(config.home, installation.id, store)
  const owner = await openOwner(db)
  const auth = new TokenAuth(tokenStore(db), { owner })
  await ensureCliToken(config.home, auth, owner)
  const host = await openHost({
    home: config.home,
    cache: config.cache,
    installation: installation.id,
    onAccelerator: (found) => log.info(found, 'accelerator chosen'),
  })
  opened.defer(() => host.close())

  const images = new ImageService({
    db,
    storage: host.storage,
    library: host.images,
    buildFailed: (name, error) => log.error({ err: error, image: name }, 'an image could not be built'),
  })
  const faults = [crashAfter(process.env.RAMET_CRASH_AFTER), haltAfter(process.env.RAMET_HALT_AFTER)]
  const afterStep = (name: string) => {
    for (const fault of faults) fault(name)
  }
  const durability = new Durability(
    { db, storage: host.storage },
    {
      quietMs: config.quietForMs,
      onDurable: () => background(),
      onError: (error, snapshot) => log.warn({ err: error, snapshot }, 'a snapshot could not be made durable'),
    },
  )
  opened.defer(() => durability.close())
  const layers = layerTools({
    db,
    home: config.home,
    storage: host.storage,
    afterStep,
    changed: () => background(),
    snapshotTaken: () => durability.trigger(),
  })
  const activity = new Activity({ quietMs: config.quietForMs, afterwardsMs: Math.min(config.quietForMs, afterwardsMs) })
  const shortener: Shortener = new Shortener(layers, {
    activity,
    bound: config.maxLayers,
    onError: (error) => log.warn({ err: error }, 'a chain of layers could not be shortened'),
  })
  const rest: Rest = new Rest(layers, {
    activity,
    packAfterMs: config.packMemoryAfterMs,
    onError: (error) => log.warn({ err: error }, 'memory that rests could not be looked after'),
  })
  opened.defer(async () => void (await Promise.all([shortener.close(), rest.close()])))
  const background = () => {
    shortener.trigger()
    rest.trigger()
  }
  const collect = async () => {
    await collectSnapshots(layers)
    await collectLayers(layers)
  }
  let endpoint = ''
  const plays: PlayContext = {
    db,
    installation: installation.id,
    endpoint: () => endpoint,
    progressOf: (runId) => reconciler.progressOf(runId),
  }
  const events = new EventStream({
    snapshot: async (user) => [
      ...(await runs.list(user, { limit: inPicture })).map((play: Play) => ({ kind: 'play' as const, play })),
      ...images.list().map((image) => ({ kind: 'image' as const, image })),
    ],
    onError: (error) => log.error({ err: error }, 'a picture for the event stream could not be made'),
  })
  const tellRun = new OneAtATime(async (runId) => {
    const row = await findRun(db, runId)
    warmStarts.trigger()
    activity.note(runId, row !== undefined && isOnItsWay(row, reconciler.progressOf(runId)))
    if (row?.purpose !== 'user') return
    const [play] = await toPlays(plays, [row])
    if (play) events.publish(subjectOfRun(row), { kind: 'play', play })
  })
  const changed = (runId: string) =>
    tellRun.trigger(runId, (error) => log.error({ err: error, run: runId }, 'a change could not be told'))
  const reconciler: Reconciler = new Reconciler({
    db,
    host,
    log,
    layers,
    images,
    changed,
    collect,
    takeDrives: async (runId) => void (await Promise.all([shortener.yieldTo(runId), rest.yieldTo(runId)])),
    wentOff: background,
    afterStep,
  })
  opened.defer(() => reconciler.close())
  const memory: MemoryRule = {
    totalBytes: config.memoryBytes ?? memoryForRuns(),
    bytesOf: (plan) => host.memoryOf(plan),
  }
  const warmStarts: WarmStarts = new WarmStarts({
    activity,
    background: new BackgroundRuns(activity, host),
    db,
    host,
    images,
    reconciler,
    memory,
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
  const runs = runService({ db, host, reconciler, plays, memory, warm, changed })
  const storage = storageService({ db, storage: host.storage, quotaBytes: config.quotaBytes })
  const permitted = permittedRun(db)
  const leaving = new AbortController()
  opened.defer(() => leaving.abort())
  const bundle = ensureWebBundle({ log, signal: leaving.signal })
  const imageNames = () =>
    images
      .list()
      .filter((image) => image.kind === 'image')
      .map((image) => image.name)
  await loadCatalog(db, catalogFolder, imageNames())
  const services: Services = {
    auth,
    playgrounds: await openPlaygrounds({ db, images: imageNames, webUrl: () => endpoint, collect }),
    runs,
    copies: copyService({ layers, reconciler, plays, permitted, quota: storage.quota, memory, changed }),
    lineages: lineageService(db),
    storage,
    machines: machineService(permitted, host.machines),
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
    }),
  }
  host.images.onChange((image) => events.publish(platform, { kind: 'image', image }))
  const wasRebooted = await hostWasRebooted(config.home)
  if (wasRebooted) await forgetLostSnapshots(db)
  else durability.trigger()
  await forgetWarmStarts(db, { kept: config.warmStarts })
  await destroyThrowaways(db)
  await reclaim(db, host, log)
  await collect()

  const app = buildApp(services, {
    log,
    endpoint: endpointOf(config.host, config.port),
    names: config.names,
    webFolder: bundle.folder,
    webState: bundle.state,
  })
  opened.defer(() => app.close())
  noticeRequests(app, activity)
  endpoint = await listen(app, config)
  await publishServer(config.home, endpoint)
  await reconciler.resume(wasRebooted)
  background()
  warmStarts.trigger()

  const closing = opened.move()
  return {
    endpoint,
    loginToken: auth.loginToken,
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

/** Ends this process when another server has taken over its database, so that it writes nothing more there. Killing a server at any moment loses nothing. */
function leaveAtOnce(error: Error, log: Logger): never {
  log.fatal({ err: error }, 'the database was taken over by another server')
  process.exit(1)
}
