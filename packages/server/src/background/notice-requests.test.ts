import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify from 'fastify'
import { Activity } from './activity.ts'
import { noticeRequests } from './notice-requests.ts'

test('a request that may change something is an action until it is answered, and one that only looks is none', async () => {
  const activity = new Activity({ quietMs: 0, afterwardsMs: 0 })
  const app = fastify()
  app.get('/', async () => ({ isUnderWay: activity.isUnderWay }))
  app.post('/', async () => ({ isUnderWay: activity.isUnderWay }))
  noticeRequests(app, activity)
  assert.deepEqual((await app.inject({ method: 'GET', url: '/' })).json(), { isUnderWay: false })
  assert.deepEqual((await app.inject({ method: 'POST', url: '/' })).json(), { isUnderWay: true })
  const url = await app.listen({ port: 0 })
  assert.deepEqual(await (await fetch(url, { method: 'POST' })).json(), { isUnderWay: true })
  await app.close()
})
