import { enableCompileCache, flushCompileCache } from 'node:module'
import { workerData } from 'node:worker_threads'
import { mainOf } from '../../../../../scripts/built/programs.mjs'

// Plain JavaScript, as the server's own entry: with the stripped modules in the cache a thread never loads what strips types (measured: 2 x 16 MB).
if (workerData.compileCache !== undefined) enableCompileCache(workerData.compileCache)
await import(await mainOf('store-thread'))
flushCompileCache()
