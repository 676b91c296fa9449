import { randomBytes } from 'node:crypto'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestLink } from '../guest.ts'
import { saidReason } from '../said.ts'
import { type HostKey, hostKeyTypes, makeHostKeys } from './host-keys.ts'

/** The identity of one guest, given to a guest that began with another's memory and drives. */
export interface Identity {
  /** 32 hex digits (machine-id(5)). */
  readonly machineId: string
  readonly hostKeys: readonly HostKey[]
  /** 512 bytes: what the next boot's random numbers begin with. */
  readonly randomSeed: Uint8Array
}

const seedBytes = 512
const withinMs = 60_000

export const makeIdentity = (hostKeys: readonly HostKey[]): Identity => ({
  machineId: randomBytes(16).toString('hex'),
  hostKeys,
  randomSeed: randomBytes(seedBytes),
})

/**
 * Renews the identity over the link of a guest that is awake, before anybody else uses it. It adds nothing that the image lacks. It may be repeated, with other keys.
 * `hostKeys`: new keys of every type; without them the needed ones are made, which takes a while. Throws `machine_unreachable` when the guest fails.
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
  if (code !== 0) throw guestUnreachable(`it could not be given an identity of its own: ${saidReason(stderr)}`)
  return stdout
}

/**
 * Returns the script for a shell in the guest whose working directory is the platform's; pure. It uses only the platform's busybox, as an image may have no programs, and mostly
 * builtins, as each program takes 10 ms and more of a start under TCG. Files are written in place and keep their modes: a guest that ends in the middle boots
 * from its image. `root`: where the guest's files are, for tests.
 */
export function identityScript({ machineId, hostKeys, randomSeed }: Identity, root = ''): string {
  const keys = hostKeys.map(hostKeyLines).join('')
  return `set -e
b() { ./busybox "$@"; }
root='${root}'
old=
if [ -f "$root/etc/machine-id" ]; then
  read -r old <"$root/etc/machine-id" || :
  echo ${machineId} >"$root/etc/machine-id"
fi
if [ -f "$root/var/lib/dbus/machine-id" ] && [ ! -L "$root/var/lib/dbus/machine-id" ]; then
  echo ${machineId} >"$root/var/lib/dbus/machine-id"
fi
# The journal is kept under the machine-id, and read from there.
moved=
for at in "$root/var/log/journal" "$root/run/log/journal"; do
  [ -n "$old" ] && [ -d "$at/$old" ] && [ ! -e "$at/${machineId}" ] && b mv "$at/$old" "$at/${machineId}" && moved=1
done
seed="$root/var/lib/systemd/random-seed"
if [ -f "$seed" ]; then printf '${octal(randomSeed)}' >"$seed"; fi
ssh="$root/etc/ssh"
renewed=
for key in "$ssh"/ssh_host_*_key; do
  [ -f "$key" ] || continue
  renewed=1
  type=\${key##*/ssh_host_}
  case \${type%_key} in
${keys}    *) b rm -f "$key" "$key.pub" ;;
  esac
done
[ -n "$root" ] && exit 0
# It reads its keys anew (sshd(8)); nobody waits for it.
if [ -n "$renewed" ] && [ -f /run/sshd.pid ]; then
  read -r sshd </run/sshd.pid || :
  kill -HUP "$sshd" || :
fi
# The journal goes on in the files that it has open, and is read from their new place. Only for a new file it must know the place too, which is not now: to start it
# anew takes half a second, of the first that its user has.
if [ -n "$moved" ] && command -v systemctl >/dev/null; then
  b setsid ./busybox sh -c './busybox sleep ${journalAfterSeconds}; systemctl restart systemd-journald.service' </dev/null >/dev/null 2>&1 &
fi
exit 0
`
}

const journalAfterSeconds = 15

/** For printf(1). */
const octal = (bytes: Uint8Array) => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')

const hostKeyLines = ({ type, privateKey, publicKey }: HostKey) => `    ${type})
      echo '${privateKey.trimEnd()}' >"$key"
      echo '${publicKey.trimEnd()}' >"$key.pub"
      ;;
`
