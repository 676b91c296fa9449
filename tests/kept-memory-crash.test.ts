import { keptMemoryCrashSuite } from './kept-memory-crash.ts'

keptMemoryCrashSuite({ title: 'on the fake world, memory is kept and resumed through ends of the server and of VMs', fake: true })
