import { randomBytes } from 'node:crypto'
import { guestUnreachable } from '@ramet/model/errors.ts'
import type { GuestLink } from './guest.ts'
import { type HostKey, hostKeyTypes, makeHostKeys } from './host-keys.ts'

/** What a guest of its own has, and no other: given to one that began with the memory and drives of another. */
export interface Identity {
  /** 32 hex digits (machine-id(5)). */
  readonly machineId: string
  readonly hostKeys: readonly HostKey[]
  /** 512 bytes, base64: what the next boot's random numbers begin with. */
  readonly randomSeed: string
}

const seedBytes = 512
const withinMs = 60_000

export const makeIdentity = (hostKeys: readonly HostKey[]): Identity => ({
  machineId: randomBytes(16).toString('hex'),
  hostKeys,
  randomSeed: randomBytes(seedBytes).toString('base64'),
})

/**
 * Over the platform's link of a guest that is awake, before anybody else uses it. What the image does not have it is not given. May be repeated, with other keys.
 * `hostKeys`: of every type, new; without them those are made that the guest needs, which takes a while. Throws `machine_unreachable` when the guest does not do it.
 */
export async function renewIdentity(link: GuestLink, hostKeys?: readonly HostKey[]): Promise<void> {
  await inGuest(link, identityScript(makeIdentity(hostKeys ?? (await neededKeys(link)))))
}

async function neededKeys(link: GuestLink): Promise<HostKey[]> {
  const has = await inGuest(link, 'for key in /etc/ssh/ssh_host_*_key; do echo "$key"; done')
  return makeHostKeys(hostKeyTypes.filter((type) => has.includes(`/ssh_host_${type}_key\n`)))
}

async function inGuest(link: GuestLink, script: string): Promise<string> {
  const { code, stdout, stderr } = await link.tool(['busybox', 'sh'], { stdin: script, timeoutMs: withinMs })
  if (code !== 0) throw guestUnreachable(`it could not be given an identity of its own: ${stderr.trim().slice(0, 200)}`)
  return stdout
}

/**
 * For a shell in the guest whose working directory is the platform's; pure. Written with the platform's busybox, as an image need not have any program. `root`:
 * where the guest's files are, for tests.
 */
export function identityScript({ machineId, hostKeys, randomSeed }: Identity, root = ''): string {
  const keys = hostKeys.map(({ type, privateKey, publicKey }) => hostKeyLines(type, privateKey, publicKey)).join('')
  return `set -e
b() { ./busybox "$@"; }
root='${root}'
# replace FILE MODE: with stdin, whole or not at all.
replace() {
  b cat >"$1.ramet"
  b chmod "$2" "$1.ramet"
  b mv "$1.ramet" "$1"
}
old=
if [ -f "$root/etc/machine-id" ]; then
  read -r old <"$root/etc/machine-id" || :
  echo ${machineId} | replace "$root/etc/machine-id" 0444
fi
if [ -f "$root/var/lib/dbus/machine-id" ] && [ ! -L "$root/var/lib/dbus/machine-id" ]; then
  echo ${machineId} | replace "$root/var/lib/dbus/machine-id" 0444
fi
# The journal is kept under the machine-id, and read from there.
moved=
for at in "$root/var/log/journal" "$root/run/log/journal"; do
  [ -n "$old" ] && [ -d "$at/$old" ] && [ ! -e "$at/${machineId}" ] && b mv "$at/$old" "$at/${machineId}" && moved=1
done
seed="$root/var/lib/systemd/random-seed"
if [ -f "$seed" ]; then
  b base64 -d <<'end' | replace "$seed" 0600
${randomSeed}
end
fi
ssh="$root/etc/ssh"
renewed=
for key in "$ssh"/ssh_host_*_key; do
  [ -f "$key" ] || continue
  renewed=1
  b rm -f "$key" "$key.pub"
  type=\${key##*/ssh_host_}
  case \${type%_key} in
${keys}  esac
done
[ -n "$root" ] && exit 0
# It reads its keys anew (sshd(8)), and so does the journal its place; neither is waited for.
if [ -n "$renewed" ] && [ -f /run/sshd.pid ]; then b kill -HUP "$(b cat /run/sshd.pid)" || :; fi
if [ -n "$moved" ] && command -v systemctl >/dev/null; then systemctl --no-block restart systemd-journald.service || :; fi
exit 0
`
}

const hostKeyLines = (type: string, privateKey: string, publicKey: string) => `    ${type})
      replace "$key" 0600 <<'end'
${privateKey.trimEnd()}
end
      replace "$key.pub" 0644 <<'end'
${publicKey.trimEnd()}
end
      ;;
`
