import assert from 'node:assert/strict'
import { availableParallelism, loadavg } from 'node:os'
import { after, before, describe, type TestContext, test } from 'node:test'
import { untilBuilt } from '@ramet/cli/until-built.ts'
import { inMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const nodes = ['cplane', 'node-1', 'node-2']
/** Without KVM on two cores a cluster of three machines needs this patience. */
const slowMs = 40 * 60_000
const buildMs = 3 * 60 * 60_000

let last = ''
/** As it happens, since diagnostics come when a test has ended. */
function tell(what: string): void {
  if (what !== last) process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}\n`)
  last = what
}

/** Builds the image when it is not there. The tests build on each other. */
describe('a Kubernetes cluster of one control plane and two workers', { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''

  const kubectl = (command: string, run = id) => inMachine(server, run, 'cplane', `kubectl --request-timeout=120s ${command}`)

  async function timed<T>(t: TestContext, what: string, work: () => Promise<T>): Promise<T> {
    tell(what)
    const began = performance.now()
    const done = await work()
    const took = `${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`
    t.diagnostic(`${took}, load ${loadavg()[0]?.toFixed(1)}`)
    tell(took)
    return done
  }

  /** The playground's own check passes: nodes Ready, three replicas, the Service answers on each node. */
  const isWell = (run: string) =>
    until(`the check of ${run} to pass`, async () => (await inMachine(server, run, 'cplane', 'check')) !== '', slowMs, 2000)

  /** Since when each node is Ready: another moment if it was not meanwhile. */
  const readySince = (run = id) =>
    kubectl(
      `get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\\n"}{end}'`,
      run,
    )

  /** Each container with its number of restarts. */
  const containers = (run = id) =>
    kubectl(
      `get pods -A -o jsonpath='{range .items[*]}{.metadata.name}{range .status.containerStatuses[*]} {.containerID} {.restartCount}{end}{"\\n"}{end}'`,
      run,
    )

  const answers = (run = id) => inMachine(server, run, 'node-1', 'curl -sS --fail --max-time 60 http://10.96.0.80')

  /** What a pod of `web` finds behind a name of the cluster. */
  const inPod = (command: string, run = id) => kubectl(`exec deployment/web -- ${command}`, run)

  const notes = (run = id) => inPod('wget -qO- http://notes-0.notes:8080/notes', run)

  const memory = async (run: string) => {
    const used = await Promise.all(
      nodes.map(async (node) => `${node} ${await inMachine(server, run, node, "free -m | awk '/^Mem/ {print $3}'")} MiB`),
    )
    return used.join(', ')
  }

  before(
    async () => {
      await server.start()
      const image = (await (await server.client()).images.list()).find(({ name }) => name === 'kubernetes')
      if (image?.state === 'ready') return
      const client = await server.client()
      const progress = { show: ({ message }: { message: string }) => tell(message), end: () => {} }
      const built = await untilBuilt(client, await client.images.build('kubernetes'), progress, AbortSignal.timeout(buildMs))
      assert.equal(built.state, 'ready', `${built.error?.message}`)
    },
    { timeout: buildMs },
  )
  after(() => server.dispose())

  test('comes up, and a Service of three replicas answers on every node', { timeout: slowMs }, async (t) => {
    const started = await timed(t, 'start until all init tasks have completed', () =>
      server.ramet(['playground', 'start', 'kubernetes', '-q'], { timeoutMs: slowMs }),
    )
    id = started.stdout.trim()
    assert.equal(started.code, 0, `${started.stderr}${started.stdout}${server.output.slice(-3000)}`)
    assert.match(await kubectl('get nodes'), /v1\.37\.2/)
    assert.match(await answers(), /^one from web-/)
    t.diagnostic(`memory in use: ${await memory(id)}`)
    const tasks = await (await server.client()).plays.tasks(id)
    for (const { name, lastDurationMs } of tasks) t.diagnostic(`task ${name}: ${((lastDurationMs ?? 0) / 1000).toFixed(1)} s`)
  })

  test('a pod finds Services and machines by name', { timeout: slowMs }, async (t) => {
    const page = await timed(t, 'the Service by its name, in a pod', () => inPod('wget -qO- http://web'))
    assert.match(page, /^one from web-/)
    assert.match(await inPod('nslookup web.default.svc.cluster.local'), /10\.96\.0\.80/)
    // The name of a machine is known outside the cluster alone.
    assert.match(await inPod('wget -qO- http://node-2:30080'), /^one from web-/)
  })

  test('a claim is bound to a volume, which outlives its pod', { timeout: slowMs }, async (t) => {
    await kubectl('apply -f /root/notes.yaml')
    await timed(t, 'a pod with a claim', () => kubectl('rollout status statefulset/notes --timeout=1800s'))
    assert.equal(await kubectl("get pvc data-notes-0 -o jsonpath='{.status.phase} {.spec.storageClassName}'"), 'Bound local-path')
    await kubectl('delete pod notes-0')
    await timed(t, 'the pod again', () =>
      until('both starts in the volume', async () => (await notes()) === 'started as notes-0\nstarted as notes-0', slowMs, 2000),
    )
  })

  test('a live clone goes on as the source does, and a rollout in it leaves the source alone', { timeout: slowMs }, async (t) => {
    const [ready, before] = [await readySince(), await containers()]
    // Asks all the time, in the source and, since the clone has its memory, in the clone.
    const asking =
      'while :; do curl -sS --fail --max-time 60 -o /dev/null http://10.96.0.80 2>>/root/failed && echo >>/root/answered; sleep 1; done'
    await inMachine(server, id, 'node-2', `systemd-run --quiet --unit=asking sh -c '${asking}'`)
    const asked = async (run: string) => Number(await inMachine(server, run, 'node-2', 'wc -l </root/answered'))
    await until('the first answers', async () => (await asked(id)) > 2, 120_000, 1000)
    const clone = (await timed(t, 'live clone', () => server.ok('playground', 'clone', id, '--live', '-q'))).trim()
    for (const run of [id, clone]) {
      const answered = await asked(run)
      await until(`further answers in ${run}`, async () => (await asked(run)) > answered + 2, slowMs, 1000)
    }
    const isAsBefore = async (run: string) => {
      await timed(t, `the check in the ${run === id ? 'source' : 'clone'}`, () => isWell(run))
      assert.equal(await readySince(run), ready, 'no node was anything but Ready')
      assert.equal(await containers(run), before, 'no container was restarted')
      assert.equal(await inMachine(server, run, 'node-2', 'cat /root/failed'), '', 'each request was answered')
    }
    // A cluster at rest takes 1.1 cores without KVM (measured): on two cores two of them answer, and have nothing left for anything else.
    const hasCoresForBoth = availableParallelism() >= 4
    if (!hasCoresForBoth) await timed(t, 'stop of the source', () => server.ok('playground', 'stop', id, '-q'))
    await isAsBefore(clone)
    t.diagnostic(`memory in use in the clone: ${await memory(clone)}`)

    await timed(t, 'rollout in the clone', async () => {
      await kubectl('set env deployment/web VERSION=two', clone)
      await kubectl('rollout status deployment/web --timeout=1800s', clone)
    })
    await until('the new version', async () => /^two from web-/.test(await answers(clone)), 300_000, 1000)
    await server.ok('playground', 'destroy', clone, '-q')
    if (!hasCoresForBoth) await timed(t, 'restart of the source', () => server.ok('playground', 'restart', id, '-q'))
    await isAsBefore(id)
    assert.match(await answers(), /^one from web-/)
    await inMachine(server, id, 'node-2', 'systemctl stop asking')
  })

  test('stop and restart: no container was restarted, and no node was anything but Ready', { timeout: slowMs }, async (t) => {
    const [ready, before] = [await readySince(), await containers()]
    await timed(t, 'stop', () => server.ok('playground', 'stop', id, '-q'))
    await timed(t, 'restart', () => server.ok('playground', 'restart', id, '-q'))
    assert.equal((await (await server.client()).plays.get(id)).startKind, 'resumed')
    await timed(t, 'the check after it', () => isWell(id))
    assert.equal(await containers(), before)
    assert.equal(await readySince(), ready)
  })

  test('a playground saved of it starts, and its nodes are Ready', { timeout: slowMs }, async (t) => {
    await server.ok('playground', 'stop', id, '-q')
    await timed(t, 'save', () => server.ok('playground', 'save', id, 'my-cluster', '-q'))
    await server.ok('playground', 'destroy', id, '-q')
    const started = await timed(t, 'start of the saved', () =>
      server.ramet(['playground', 'start', 'my-cluster', '-q'], { timeoutMs: slowMs }),
    )
    assert.equal(started.code, 0, started.stderr)
    const saved = started.stdout.trim()
    await timed(t, 'from RUNNING until all nodes are Ready and the Service answers', () => isWell(saved))
    assert.match(await answers(saved), /^one from web-/)
    await until('the volume in the saved', async () => /^started as notes-0/.test(await notes(saved)), slowMs, 2000)
    await server.ok('playground', 'destroy', saved, '-q')
  })
})
