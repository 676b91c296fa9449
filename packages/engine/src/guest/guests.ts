import { openConsole } from './console.ts'
import type { Guests } from './guest.ts'
import { makeRunKeys } from './keys.ts'
import { SshLink } from './ssh-link.ts'

/** The ways into real guests: platform ssh over virtio-serial, and the serial console. */
export function sshGuests(): Guests {
  return {
    link: (vm, keys) => new SshLink(vm, keys),
    console: (vm) => openConsole(vm),
    makeKeys: makeRunKeys,
  }
}
