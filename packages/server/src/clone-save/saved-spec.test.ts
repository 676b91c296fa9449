import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import { readPlayground, withContents } from '../manifests/read-playground.ts'
import { savedSpec } from './saved-spec.ts'

const againOf = (spec: ManifestSpec) => {
  const plan = makeRunPlan(spec)
  return { plan, again: makeRunPlan(savedSpec(plan)) }
}
const again = (text: string) => againOf(parseManifest(text, 'test', { complete: true }).spec)

test('a run of the saved playground has the plan of the run that was saved', async () => {
  const folder = join(import.meta.dirname, '../../../../playgrounds')
  for (const name of await readdir(folder)) {
    const read = (file: string) => readFile(join(folder, name, file), 'utf8')
    const { spec, files } = readPlayground({ name, manifest: await read('manifest.yaml') }, {})
    const made = againOf(withContents(spec, files, await Promise.all(files.map(({ source }) => read(source)))))
    assert.deepEqual(made.again, made.plan, name)
  }
})

test('networks, chosen addresses, odd sizes, raw drives, users, files and closed machines are kept', () => {
  const made = again(`
kind: playground
title: Everything
playground:
  networks:
    - {name: edge, subnet: 10.1.0.0/24, gateway: 10.1.0.254}
    - {name: inner, subnet: 10.2.0.0/24, private: true}
  machines:
    - name: web
      users: [{name: root, welcome: "-"}, {name: ann, default: true, welcome: hello}]
      drives: [{source: debian-stable, mount: /, size: 20GiB}, {size: "1500001024"}, {mount: /data, filesystem: ext4, size: 5GiB}]
      network: {interfaces: [{network: edge}, {network: inner, address: 10.2.0.77}]}
      resources: {cpuCount: 2, ramSize: 768MiB}
      startupFiles: [{path: /etc/motd, content: "hi\\n", append: true, owner: "root:root", mode: "600"}]
    - name: db
      users: [{name: root}]
      drives: [{source: debian-stable, mount: /}]
      network: {interfaces: [{network: inner}]}
      noSSH: true
  tabs: [{machine: web}, {kind: http-port, machine: db, name: App, number: 80}, {kind: ide}, {machine: web}]
  accessControl: {canList: [owner], canRead: [owner], canStart: [owner]}
`)
  assert.deepEqual(made.again, made.plan)
  assert.equal(made.plan.machines[0]?.drives[1]?.sizeBytes, 1500001024)
})
