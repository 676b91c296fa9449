import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalSource, isImageReference, parseImageReference, printImageReference } from './image-reference.ts'

const digest = `sha256:${'ab'.repeat(32)}`

test('references are read as docker and podman read them', () => {
  const cases: [string, string][] = [
    ['oci://ghcr.io/iximiuz/labs/rootfs:debian-stable', 'oci://ghcr.io/iximiuz/labs/rootfs:debian-stable'],
    ['docker://127.0.0.1:5000/x', 'oci://127.0.0.1:5000/x:latest'],
    [`oci://127.0.0.1:5000/x@${digest}`, `oci://127.0.0.1:5000/x@${digest}`],
    [`oci://127.0.0.1:5000/x:1@${digest}`, `oci://127.0.0.1:5000/x:1@${digest}`],
    ['oci://localhost/x', 'oci://localhost/x:latest'],
    ['oci://[::1]:5000/a/b', 'oci://[::1]:5000/a/b:latest'],
    ['oci://alpine', 'oci://docker.io/library/alpine:latest'],
    ['alpine:3.20', 'oci://docker.io/library/alpine:3.20'],
    ['docker://grafana/grafana', 'oci://docker.io/grafana/grafana:latest'],
    ['index.docker.io/nginx', 'oci://docker.io/library/nginx:latest'],
    ['oci://GHCR.io/a/b', 'oci://ghcr.io/a/b:latest'],
    ['quay.io/a/b__c/d-e.f', 'oci://quay.io/a/b__c/d-e.f:latest'],
  ]
  for (const [source, canonical] of cases) {
    const reference = parseImageReference(source)
    assert.ok(!('wrong' in reference), `${source}: ${JSON.stringify(reference)}`)
    assert.equal(printImageReference(reference), canonical)
    assert.deepEqual(parseImageReference(canonical), reference)
    assert.equal(canonicalSource(source), canonical)
  }
})

test('what is no reference says why', () => {
  for (const [source, why] of [
    ['oci://', /no repository/],
    ['oci://ghcr.io/', /no repository/],
    ['oci://ghcr.io/a//b', /no repository/],
    ['https://ghcr.io/a', /scheme/],
    ['oci://ghcr.io/Upper/x', /Upper/],
    ['oci://ghcr.io/../x', /"\.\."/],
    ['oci://ghcr.io/x:', /tag/],
    ['oci://ghcr.io/x:a b', /tag/],
    ['oci://ghcr.io/x@sha256:12', /digest/],
    [`oci://ghcr.io/x@sha512:${'a'.repeat(128)}`, /digest/],
    ['oci://ghcr.io:0/x', /port/],
    ['oci://gh_cr.io/x', /host/],
    ['oci://user:pass@ghcr.io/x', /digest/],
    [`oci://ghcr.io/${'a/'.repeat(200)}a`, /longer/],
  ] as const) {
    const reference = parseImageReference(source)
    assert.ok('wrong' in reference, source)
    assert.match(reference.wrong, why)
  }
})

test('a plain word stays the name of an image here', () => {
  for (const name of ['debian-stable', 'ubuntu-24-04', 'docker', 'golang']) {
    assert.equal(isImageReference(name), false)
    assert.equal(canonicalSource(name), name)
  }
})

test('an image in a partition is called by its canonical name too', () => {
  assert.equal(canonicalSource('docker://alpine:3+gpt'), 'oci://docker.io/library/alpine:3+gpt')
  assert.equal(canonicalSource('debian-stable+mbr'), 'debian-stable+mbr')
})
