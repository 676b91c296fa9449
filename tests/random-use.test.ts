import { randomUse } from './random-use.ts'

// This seed has each of start, write, stop, restart, clone, live clone, destroy and an end of the server.
randomUse({ fake: true, steps: 12, seed: 2 })
