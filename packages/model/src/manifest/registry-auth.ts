import { type Fault, fault, warning } from '../errors/fault.ts'
import { isImageReference, parseImageReference } from '../units/image-reference.ts'
import type { ManifestSpec } from './manifest.ts'

/** Name and password of a playground for the one registry that its drives name. A secret: it is in no spec that is stored or shown. */
export interface RegistryAuth {
  /** As in references: `ghcr.io`, `127.0.0.1:5000`. */
  readonly host: string
  readonly user: string
  /** May contain colons. */
  readonly password: string
}

export type WithDrives = Pick<ManifestSpec, 'machines' | 'registryAuth'>

/**
 * Takes `registryAuth` (`user:password`) out of a spec that was checked. It belongs to the registry that the drives' references name. Undefined without one, and
 * with several: nobody said whose it is, and one registry must not learn what opens another. Names of images bring no host: their meaning is the host's own.
 */
export function registryAuthOf(spec: WithDrives): RegistryAuth | undefined {
  const [host, ...others] = registryHosts(spec)
  const login = parseLogin(spec.registryAuth ?? '')
  return host === undefined || others.length > 0 || login === undefined ? undefined : { host, ...login }
}

/** No message quotes the value. */
export function registryAuthFaults(spec: WithDrives): Fault[] {
  const value = spec.registryAuth ?? ''
  if (value === '') return []
  const path = ['registryAuth']
  if (parseLogin(value) === undefined) {
    const hint = 'Such as: registryAuth: ann:secret'
    return [fault('invalid_value', path, '`registryAuth` is not a name and a password with a colon between them.', hint)]
  }
  const hosts = registryHosts(spec)
  // A base may bring drives that are not known here.
  const isWhole = spec.machines.length > 0 && spec.machines.every(({ drives }) => drives.length > 0)
  if (hosts.length === 1 || (hosts.length === 0 && !isWhole)) return []
  const why = hosts.length === 0 ? 'no drive names a registry' : `the drives name several registries (${hosts.join(', ')})`
  const hint = 'It is for the one registry of the drives’ oci:// sources. For others use `docker login` on the host.'
  return [warning('not_acted_on', path, `\`registryAuth\` is used for nothing: ${why}.`, hint)]
}

/** Hosts of the references among the drives' sources, each once. */
function registryHosts({ machines }: Pick<ManifestSpec, 'machines'>): string[] {
  const sources = machines.flatMap(({ drives }) => drives.flatMap(({ source }) => source ?? []))
  const references = sources.filter(isImageReference).map(parseImageReference)
  return [...new Set(references.flatMap((each) => ('wrong' in each ? [] : each.host)))]
}

function parseLogin(text: string): Pick<RegistryAuth, 'user' | 'password'> | undefined {
  const colon = text.indexOf(':')
  const [user, password] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)]
  return user === '' || password === '' ? undefined : { user, password }
}

/** True for a field that somebody who meant `registryAuth` may have written: what is in it is kept and shown nowhere. */
export const isSecretField = (name: string | number | undefined): boolean =>
  /^registry.?(auth|password|credentials?|login|secret|token)/i.test(String(name))
