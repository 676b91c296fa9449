import { warmStartsCrashSuite } from './warm-starts-crash.ts'

for (const fake of [true, false]) {
  const where = fake ? 'the fake world' : 'real VMs'
  warmStartsCrashSuite({ title: `on ${where}, playgrounds are kept warm through all ends`, fake, isWhole: true })
}
