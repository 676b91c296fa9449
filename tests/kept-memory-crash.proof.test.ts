import { keptMemoryCrashSuite } from './kept-memory-crash.ts'

keptMemoryCrashSuite({ title: 'on real VMs, memory is kept and resumed through ends of the server and of VMs', fake: false })
