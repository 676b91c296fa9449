import { cloneLife } from './clone-life.ts'

cloneLife({ writtenMiB: 32, rewrites: 300, clones: 5, started: 2, startsAnotherAfterRuin: false })
