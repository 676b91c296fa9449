import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '@ramet/model/api/host.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { pinnedImages } from './pinned-images.ts'

test('what comes from a registry is told with its digest, once', () => {
  const image = (name: string, digest?: string) => ({ name, ...(digest === undefined ? {} : { digest }) }) as Image
  const drives = [{ source: 'docker://ghcr.io/me/root' }, { source: 'debian-stable' }, {}, { source: 'docker://ghcr.io/me/root' }]
  const machines = [{ drives }] as unknown as Playground['machines']
  assert.deepEqual(pinnedImages({ machines }, [image('oci://ghcr.io/me/root:latest', 'sha256:1'), image('debian-stable')]), [
    'docker://ghcr.io/me/root is pinned to sha256:1. A newer one: ramet image pull docker://ghcr.io/me/root',
  ])
})
