import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { clusterFiles } from './cluster-files.ts'
import { kubernetesVersion } from './kubernetes.ts'

const goMod = await readFile(new URL('go.mod', import.meta.url), 'utf8')
const addons = await readFile(new URL('addons/go.mod', import.meta.url), 'utf8')

test('Kubernetes and the modules of its own tree are of one version, which its programs tell', () => {
  assert.match(goMod, new RegExp(`^require k8s\\.io/kubernetes v${RegExp.escape(kubernetesVersion)}$`, 'm'))
  const staging = [...goMod.matchAll(/^\tk8s\.io\/\S+ => k8s\.io\/\S+ v0\.(\S+)$/gm)]
  assert.ok(staging.length > 30)
  for (const [line, version] of staging) assert.equal(`1.${version}`, kubernetesVersion, line)
})

test('what runs in the cluster speaks to it with the client of its version', () => {
  for (const name of ['api', 'apimachinery', 'client-go'])
    assert.match(addons, new RegExp(`^\\tk8s\\.io/${name} v0\\.${RegExp.escape(kubernetesVersion.slice(2))} `, 'm'), name)
})

test('a node makes an image of a program, with settings that containerd can read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'container-image-'))
  t.after(() => rm(folder, { recursive: true }))
  const files = {
    'container-image': clusterFiles['/usr/local/lib/kubernetes/container-image'] ?? '',
    // In place of containerd's: unpacks what it is given.
    ctr: `#!/bin/sh\ntar -C ${folder} -xf -\n`,
    hello: '#!/bin/sh\necho hello\n',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o755 })
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
  await promisify(execFile)('sh', ['container-image', '-p', 'hello', 'localhost/hello:1', 'localhost/hello:2'], {
    cwd: folder,
    env,
  })
  const [{ RepoTags, Layers }] = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  assert.deepEqual([RepoTags, Layers], [['localhost/hello:1', 'localhost/hello:2'], ['layer.tar']])
  const { config, rootfs } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  assert.deepEqual(config.Entrypoint, ['/bin/hello'])
  const { stdout } = await promisify(execFile)('sh', ['-c', 'tar tf layer.tar; sha256sum layer.tar'], { cwd: folder })
  assert.match(stdout, /^\.\/bin\/hello$/m)
  assert.match(stdout, /^\.\/bin\/wget$/m)
  assert.ok(stdout.includes(rootfs.diff_ids[0].replace('sha256:', '')))
})
