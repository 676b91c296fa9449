import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** As an author writes it who has never seen Ramet. */
const authored = `kind: playground
title: "Shop 🛒 in four tiers"
description: Two LANs and a raw drive. 🐙
categories: [linux, networking 🌐]
base: mini-lan-ubuntu-docker
author: {handle: ann}
markdown: |
  # Welcome 👩‍💻
playground:
  networks:
    - {name: edge, subnet: 10.10.0.0/24}
    - {name: inner, subnet: 10.20.0.0/24, gateway: 10.20.0.1, private: true}
  machines:
    - name: web
      users:
        - {name: laborant, default: true, welcome: "Welcome 🎉 to the shop\\n"}
        - {name: root, welcome: "-"}
      kernel: 6.18
      backend: cloud-hypervisor
      drives: [{source: debian-stable, mount: /, size: 10GIB, format: ext4}]
      network: {interfaces: [{network: edge, address: 10.10.0.10/24}, {network: inner, address: 10.20.0.10}]}
      resources: {cpuCount: 64, ramSize: 2Gi}
      startupFiles: [{path: /etc/motd, content: "🛒\\n", append: true, owner: laborant, mode: 644}]
    - name: app
      drives: [{source: debian-stable, mount: /}]
      network: {interfaces: [{network: inner}]}
      resources: {cpuCount: 1, ramSize: 1g}
    - name: db
      drives: [{source: debian-stable, mount: /, size: 20 GiB}, {size: 5GiB}]
      network: {interfaces: [{network: inner, address: 10.20.0.30}]}
      resources: {cpuCount: 1, ramSize: 2Gi}
    - name: bastion
      drives: [{source: debian-stable, mount: /}]
      network: {interfaces: [{network: edge}]}
      resources: {cpuCount: 1, ramSize: 512M}
      noSsh: true
  tabs:
    - {kind: terminal, machine: web, name: Web 🕸, enabled: true}
    - {kind: http-port, name: Shop, machine: web, number: 80, access: public, target: _blank}
  initTasks:
    seed: {init: true, machine: db, run: "true"}
    build: {init: true, machine: app, needs: [seed], timeout_seconds: 120, run: "true"}
    serve: {init: true, machine: web, needs: [build], timeoutSeconds: 90, run: "true"}
    tls: {init: true, machine: web, needs: [serve], conditions: [{key: tls, value: "on"}], run: "true"}
    done: {init: true, machine: web, needs: [tls], run: "true"}
  initConditions: {values: [{key: tls, default: "off", options: ["on", "off"]}]}
  portForwards: [{kind: local, machine: web, localPort: 8080, remotePort: 80}]
  accessControl: {canList: [anyone], canRead: [anyone], canStart: [authenticated], visibility: public}
`

describe('manifests as authors write them', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const client = () => server.client()
  const started = async (id: string) => {
    const { plays } = await client()
    let play = await plays.get(id)
    await until(`the run ${id} to be up with its tasks over`, async () => {
      play = await plays.get(id)
      assert.notEqual(play.state, 'FAILED', play.failure?.message)
      return play.state === 'RUNNING' && play.initTasksOver
    })
    return play
  }
  let file = ''
  let name = ''

  before(async () => {
    await server.start({ RAMET_MEMORY: '3GiB' })
    file = join(server.home, 'shop.yaml')
    await writeFile(file, authored)
  })
  after(() => server.dispose())

  test('one with everything is taken; each warning has its line, and strict refuses it', async () => {
    const checked = await server.ramet(['manifest', 'check', file])
    assert.equal(checked.code, 0, checked.stdout)
    const made = await server.ramet(['playground', 'create', '-f', file])
    name = made.stdout.trim()
    assert.match(name, /^shop-in-four-tiers-[0-9a-f]{8}$/, made.stderr)
    const codes = (text: string) => (text.match(/\((?:unknown|not)_\w+\)$/gm) ?? []).toSorted()
    assert.deepEqual(codes(checked.stdout), [
      '(not_acted_on)',
      '(unknown_base)',
      '(unknown_field)',
      '(unknown_field)',
      '(unknown_field)',
      '(unknown_field)',
      '(unknown_field)',
      '(unknown_kernel)',
    ])
    assert.deepEqual(codes(made.stderr), codes(checked.stdout))
    assert.match(checked.stdout, /shop\.yaml:20:\d+: warning: The field `playground\.machines\[0\]\.drives\[0\]\.format`/)
    assert.equal((await server.ramet(['manifest', 'check', '--strict', file])).code, 1)
    assert.equal((await server.ramet(['playground', 'create', '--strict', '-f', file])).code, 1)
  })

  test('it starts with everything in it, scaled down to the host', async () => {
    const answer = await server.ramet(['playground', 'start', name])
    const play = await started(answer.stdout.trim())
    assert.match(answer.stderr, /^notice: The host has \d+ CPUs: web has/m)
    assert.match(answer.stderr, /^notice: The host has 3GiB of memory for runs: web has .* instead of 2GiB, app has/m)
    assert.deepEqual(
      play.machines.map(({ name, drives }) => [name, drives.length, drives[0]?.sizeBytes]),
      [
        ['web', 1, 10 * 1024 ** 3],
        ['app', 1, 20 * 1024 ** 3],
        ['db', 2, 20 * 1024 ** 3],
        ['bastion', 1, 20 * 1024 ** 3],
      ],
    )
    const [web, , db, bastion] = play.machines
    assert.deepEqual(
      web?.interfaces.map(({ network, address }) => `${network} ${address}`),
      ['edge 10.10.0.10', 'inner 10.20.0.10'],
    )
    assert.deepEqual(web?.users[0], { name: 'laborant', default: true, welcome: 'Welcome 🎉 to the shop\n' })
    assert.equal(db?.drives[1]?.filesystem, undefined)
    assert.equal(bastion?.noSSH, true)
    assert.deepEqual(
      play.tabs.map(({ kind, name, access }) => [kind, name, access]),
      [
        ['terminal', 'Web 🕸', undefined],
        ['http-port', 'Shop', 'public'],
      ],
    )
    assert.deepEqual(Object.keys(play.tasks).toSorted(), ['build', 'done', 'seed', 'serve'])
    assert.deepEqual(play.initConditions, { tls: 'off' })
    await (await client()).plays.destroy(play.id)
  })

  test('a start chooses among init conditions, and a wrong choice is refused with what there is', async () => {
    const { plays } = await client()
    const wrong = await server.ramet(['playground', 'start', name, '-i', 'tls=maybe', '-i', 'tlss=on'])
    assert.match(wrong.stderr, /\(unknown_condition\)\n {2}hint: Did you mean tls\?/)
    assert.match(wrong.stderr, /\(invalid_condition\)\n {2}hint: One of: on, off\./)
    const { stdout } = await server.ramet(['playground', 'start', name, '-i', 'tls=on', '-q'])
    const play = await started(stdout.trim())
    assert.equal(Object.keys(play.tasks).length, 5)
    await plays.destroy(play.id)
  })

  test('the printed manifest says what was written, unknown fields and all', async () => {
    const { stdout } = await server.ramet(['playground', 'manifest', name])
    const [again, written] = [parseManifest(stdout, 'again.yaml'), parseManifest(authored, 'shop.yaml')]
    const paths = ({ unknownFields }: typeof again) =>
      unknownFields.map(({ path, value }) => `${path.join('.')}=${JSON.stringify(value)}`).toSorted()
    assert.deepEqual(paths(again), paths(written))
    assert.deepEqual(again.manifest.playground, written.manifest.playground)
    assert.deepEqual({ ...again.manifest, name: '', base: '' }, { ...written.manifest, name: '', base: '' })
  })
})
