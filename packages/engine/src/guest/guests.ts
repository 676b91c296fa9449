import { openConsole } from './console.ts'
import type { Guests } from './guest.ts'
import { HostKeyStock } from './identity/host-key-stock.ts'
import { renewIdentity } from './identity/identity.ts'
import { makeRunKeys } from './identity/keys.ts'
import { SshLink } from './link/ssh-link.ts'
import { wake } from './wake/wake.ts'

/** Access to real guests: platform ssh over virtio-serial, and the serial console. */
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
