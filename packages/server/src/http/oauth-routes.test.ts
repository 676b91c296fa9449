import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { silent } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'
import { assembleApp } from './app.ts'

/** What a browser gets that is led to the page of approval by an agent of this address, which asks for no scope that there is. */
async function ledHere(redirectUri: string) {
  const { app } = assembleApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1:8420' })
  const body = { client_name: 'An agent', redirect_uris: [redirectUri] }
  const registered = await app.inject({ method: 'POST', url: routes.registerAgent(), payload: body })
  const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', response_type: 'code' }
  const query = { client_id: registered.json().client_id, redirect_uri: redirectUri, scope: 'everything', ...challenge }
  return app.inject({ url: `${routes.authorizeAgent()}?${new URLSearchParams(query)}` })
}

test('a faulty request of an agent leads nobody to another website by itself', async () => {
  const answer = await ledHere('https://agent.example/back')
  assert.deepEqual([answer.statusCode, answer.headers.location], [400, undefined])
  assert.match(answer.body, /<a href="https:\/\/agent\.example\/back\?error=invalid_scope/)
  assert.doesNotMatch(answer.body, /http-equiv/)
})

test('a program on the computer of the browser is told its fault at once', async () => {
  const answer = await ledHere('http://127.0.0.1:7777/back')
  assert.equal(answer.statusCode, 302)
  assert.match(String(answer.headers.location), /^http:\/\/127\.0\.0\.1:7777\/back\?error=invalid_scope/)
})
