import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { tooManyLogins } from '@ramet/model/errors/errors.ts'

/** 32 MiB and about 0.2 s of a core (OWASP Password Storage Cheat Sheet, scrypt). Kept beside each hash, so that it can grow. */
const cost = { N: 2 ** 15, r: 8, p: 3 }
const maxmem = 64 * 1024 ** 2
const hashBytes = 32

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

/** At most so many at once: each takes one of libuv's four threads, and files need them too. */
const atOnce = 2
const mostWaiting = 50
const waiting: (() => void)[] = []
let running = 0

/** Throws `too_many_logins` when too many wait already. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    if (waiting.length >= mostWaiting) throw tooManyLogins()
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
}

/** What is kept of a password: `scrypt:N:r:p:SALT:HASH`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await inTurn(() => derive(password.normalize('NFKC'), salt, hashBytes, { ...cost, maxmem }))
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), hash.toString('base64')].join(':')
}

/** Takes as long when there is nothing to compare with, so that its time does not tell which names there are. */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = (kept ?? nobodys).split(':')
  const expected = Buffer.from(hash, 'base64')
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem }
  const found = await inTurn(() => derive(password.normalize('NFKC'), Buffer.from(salt, 'base64'), hashBytes, options))
  return kept !== undefined && found.length === expected.length && timingSafeEqual(found, expected)
}

const nobodys = ['scrypt', cost.N, cost.r, cost.p, randomBytes(16).toString('base64'), ''].join(':')
