import { openConsole } from './console.ts'
import type { Guests } from './guest.ts'
import { renewIdentity } from './identity.ts'
import { makeRunKeys } from './keys.ts'
import { SshLink } from './ssh-link.ts'
import { wake } from './wake.ts'

/** The ways into real guests: platform ssh over virtio-serial, and the serial console. */
export function sshGuests(): Guests {
  return {
    link: (vm, keys, options) => new SshLink(vm, keys, options),
    wake,
    renewIdentity,
    console: (vm) => openConsole(vm),
    makeKeys: makeRunKeys,
  }
}
