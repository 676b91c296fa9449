import { cloneLife } from './clone-life.ts'

cloneLife({ writtenMiB: 8, rewrites: 100, clones: 5, started: 2, startsAnotherAfterRuin: false })
