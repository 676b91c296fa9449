import { openConsole } from './console.ts'
import type { Guests } from './guest.ts'
import { HostKeyStock } from './host-key-stock.ts'
import { renewIdentity } from './identity.ts'
import { makeRunKeys } from './keys.ts'
import { SshLink } from './ssh-link.ts'
import { wake } from './wake.ts'

/** The ways into real guests: platform ssh over virtio-serial, and the serial console. */
export function sshGuests(): Guests {
  const hostKeys = new HostKeyStock()
  return {
    link: (vm, keys, options) => new SshLink(vm, keys, options),
    wake,
    renewIdentity: (link) => renewIdentity(link, hostKeys.take()),
    console: (vm) => openConsole(vm),
    makeKeys: makeRunKeys,
  }
}
