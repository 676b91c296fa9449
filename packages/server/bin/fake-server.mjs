import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { mainOf } from '../../../scripts/built/programs.mjs'

// Compiled sources are kept, since reading and compiling them is most of a start (measured: 0.64 s of CPU, with them 0.31 s).
// Plain JavaScript, and before any TypeScript is imported: with every module in the cache Node never loads what strips types, 16 MB (measured).
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/ramet'))
await import(await mainOf('fake-server'))
