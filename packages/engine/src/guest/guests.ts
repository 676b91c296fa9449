import { openConsole } from './console.ts'
import type { Guests } from './guest.ts'
import { HostKeyStock } from './identity/host-key-stock.ts'
import { renewIdentity } from './identity/identity.ts'
import { ChannelLink } from './link/channel-link.ts'
import { wake } from './wake/wake.ts'

/** Access to real guests: the platform's agent over virtio-serial, and the serial console. */
export function realGuests(): Guests {
  const hostKeys = new HostKeyStock()
  return {
    link: (vm, options) => new ChannelLink(vm, options),
    wake,
    renewIdentity: (link) => renewIdentity(link, hostKeys.take()),
    console: (vm) => openConsole(vm),
  }
}
