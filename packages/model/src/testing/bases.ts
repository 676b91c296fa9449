import type { Base } from '../manifest/inherit.ts'
import { parseManifest } from '../manifest/parse-manifest.ts'

/** Images and playgrounds that tests of manifests begin from. */
export const images = ['debian-stable']
const debian: Base = {
  name: 'debian',
  takesAnyMachine: false,
  spec: parseManifest(
    `kind: playground
title: Debian
playground:
  machines:
    - name: debian
      drives: [{ source: debian-stable, mount: /, size: 20GiB }]`,
    'debian.yaml',
    { complete: true, images },
  ).spec,
}
export const bases: Base[] = [debian, { ...debian, name: 'flexbox', takesAnyMachine: true }]
