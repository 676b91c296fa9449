import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseImages } from './base-images.ts'

test('the images that a Dockerfile needs are found, and its own stages are none', () => {
  const text = `# syntax=docker/dockerfile:1
ARG VERSION=3.20 NAME="alpine"
FROM --platform=linux/amd64 \${NAME}:$VERSION AS Build
ARG VERSION=other
RUN echo FROM nothing \\
  # a comment between

  && true
FROM debian:\${SUITE:-bookworm}-slim
FROM build
COPY --from=build /a /b
COPY --from=0 /a /b
COPY --chown=1:1 --from=registry.example.org:5000/tool@sha256:${'0'.repeat(64)} /t /t
RUN --mount=type=bind,from=golang:1,target=/go true
FROM scratch
FROM $UNKNOWN
`
  assert.deepEqual(baseImages(text), [
    'alpine:3.20',
    'debian:bookworm-slim',
    `registry.example.org:5000/tool@sha256:${'0'.repeat(64)}`,
    'golang:1',
  ])
  assert.deepEqual(baseImages('# escape=`\nFROM `\n  a:1\n'), ['a:1'])
  assert.deepEqual(baseImages(''), [])
})
