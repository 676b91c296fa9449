import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { kubernetesVersion } from './kubernetes.ts'

const goMod = await readFile(new URL('go.mod', import.meta.url), 'utf8')

test('Kubernetes and the modules of its own tree are of one version, which its programs tell', () => {
  assert.match(goMod, new RegExp(`^require k8s\\.io/kubernetes v${RegExp.escape(kubernetesVersion)}$`, 'm'))
  const staging = [...goMod.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0\.(\S+)$/gm)]
  assert.ok(staging.length > 30)
  for (const [line, version] of staging) assert.equal(`1.${version}`, kubernetesVersion, line)
})
