import { warmStartsCrashSuite } from './warm-starts-crash.ts'

warmStartsCrashSuite({
  title: 'on the fake world, playgrounds are kept warm through ends of the server and of VMs',
  fake: true,
  isWhole: false,
})
