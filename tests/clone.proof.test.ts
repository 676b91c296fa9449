import { cloneLife } from './clone-life.ts'

cloneLife({ writtenMiB: 2048, rewrites: 20_000, clones: 20, started: 3, startsAnotherAfterRuin: true })
