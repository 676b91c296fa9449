import { randomInt } from 'node:crypto'
import { randomUse } from './random-use.ts'

const { RAMET_STEPS: steps = '200', RAMET_SEED: seed = String(randomInt(1_000_000)) } = process.env

randomUse({ fake: false, steps: Number(steps), seed: Number(seed) })
