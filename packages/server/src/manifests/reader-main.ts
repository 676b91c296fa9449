import { frameOf, readFrames } from './frames.ts'
import { doJob, type Job } from './jobs.ts'

/** The process that reads manifests of strangers (`reader-process.ts` starts it). It ends with its standard input. */

const nobody = 65534
const mostJobBytes = 64 * 1024 * 1024

// Here and not by whoever starts it: the sources may be in a folder that only root can read, and all of them are loaded now.
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(nobody)
  process.setuid?.(nobody)
}
process.stdout.write(frameOf({ ready: true }))
for await (const job of readFrames(process.stdin, mostJobBytes)) process.stdout.write(frameOf(doJob(job as Job)))
