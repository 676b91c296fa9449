import { readFile } from 'node:fs/promises'
import type { Check } from '@ramet/model/api/host.ts'
import { controllers, type Hierarchy } from '../cgroup/hierarchies.ts'
import { missingPrograms } from '../process/debian-packages.ts'
import type { AcceleratorFound } from '../vmm/accelerator.ts'
import { hostNameservers } from './nameservers.ts'

/** What `ramet doctor` says of this host. */
export async function hostChecks(accelerator: AcceleratorFound | undefined, hierarchies: readonly Hierarchy[]): Promise<Check[]> {
  return [
    await programs(),
    acceleratorCheck(accelerator),
    linuxCgroups(hierarchies),
    await memory(),
    await forwarding(),
    await names(),
  ]
}

async function programs(): Promise<Check> {
  const missing = await missingPrograms()
  if (missing.length === 0) return { name: 'programs', status: 'ok', message: 'Every program that the engine runs is installed.' }
  const packages = [...new Set(missing.map((each) => each.debianPackage))].join(' ')
  return {
    name: 'programs',
    status: 'fail',
    message: `Not installed: ${missing.map((each) => each.program).join(', ')}.`,
    hint: `apt-get install -y --no-install-recommends ${packages}`,
  }
}

function acceleratorCheck(found: AcceleratorFound | undefined): Check {
  if (!found)
    return { name: 'accelerator', status: 'warn', message: 'Not probed yet: that needs the kernel pack, which is being built.' }
  const { accelerator, reason, hint } = found
  if (accelerator === 'kvm') return { name: 'accelerator', status: 'ok', message: `KVM. ${reason}` }
  return {
    name: 'accelerator',
    status: 'warn',
    message: `TCG. ${reason}`,
    ...(hint === undefined ? {} : { hint }),
  }
}

function linuxCgroups(hierarchies: readonly Hierarchy[]): Check {
  const limited = hierarchies.flatMap((each) => each.controllers.map((controller) => `${controller} (${each.version})`))
  const has = new Set(hierarchies.flatMap((each) => each.controllers))
  const missing = controllers.filter((controller) => !has.has(controller))
  if (missing.length === 0)
    return { name: 'cgroups', status: 'ok', message: `Each run is limited by control groups: ${limited.join(', ')}.` }
  return {
    name: 'cgroups',
    status: 'warn',
    message: `Runs are not limited in ${missing.join(', ')}: no such control groups can be made here.${limited.length === 0 ? '' : ` Limited: ${limited.join(', ')}.`}`,
    hint: 'In a container, give it a writable /sys/fs/cgroup with these controllers.',
  }
}

async function memory(): Promise<Check> {
  const kilobytes = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1] ?? 0)
  const message = `${(kilobytes / 1024 ** 2).toFixed(1)} GiB of memory are available.`
  return kilobytes > 1024 ** 2
    ? { name: 'memory', status: 'ok', message }
    : { name: 'memory', status: 'warn', message, hint: 'Stop a run: ramet playground list' }
}

async function forwarding(): Promise<Check> {
  const isOn = (await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim() === '1'
  return {
    name: 'forwarding',
    status: 'ok',
    message: isOn ? 'The host forwards IPv4.' : 'The host does not forward IPv4; the first start of a run switches it on.',
  }
}

async function names(): Promise<Check> {
  const found = await hostNameservers()
  if (found.length > 0) return { name: 'names', status: 'ok', message: `Runs ask ${found.join(', ')} for names from outside.` }
  return {
    name: 'names',
    status: 'warn',
    message:
      'The host has no nameserver that runs could ask for names from outside: /etc/resolv.conf names none, or one on its loopback.',
    hint: 'Name one there that other machines can reach too. Names within a run work all the same.',
  }
}
