import { LayerFault } from './layer-fault.ts'
import type { LayerLimits } from './limits.ts'
import type { TarEntry } from './tar-reader.ts'

/** What one entry of a layer means for the tree: OCI image specification 1.1, "Image Layer Filesystem Changeset". Paths are relative, without dots. */
export type Instruction =
  | {
      readonly do: 'make'
      readonly path: string
      readonly linkPath: string
      readonly attributes: readonly (readonly [string, Buffer])[]
    }
  | { readonly do: 'remove' | 'clear'; readonly path: string }
  | { readonly do: 'nothing' }

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'
/** aufs' own files, which no layer should have but some do. */
const ofAufs = '.wh..wh.'

/** The attributes that mean something in a machine. Others are of the machine on which the layer was made: SELinux labels, overlayfs' marks. */
const isKept = (name: string) =>
  name.startsWith('user.') || ['security.capability', 'system.posix_acl_access', 'system.posix_acl_default'].includes(name)

/** Throws LayerFault for an entry that must not be in a layer: a device, a path that leads out, anything beyond the limits. */
export function instructionOf(entry: TarEntry, limits: LayerLimits): Instruction {
  const path = cleanPath(entry.name, limits)
  if (entry.type === 'character-device' || entry.type === 'block-device')
    throw new LayerFault(`it is a device, and an image may have none`)
  const slash = path.lastIndexOf('/')
  const folder = path.slice(0, Math.max(0, slash))
  const leaf = path.slice(slash + 1)
  if (leaf === opaque) return { do: 'clear', path: folder }
  if (leaf.startsWith(ofAufs)) return { do: 'nothing' }
  if (leaf.startsWith(whiteout)) {
    const name = leaf.slice(whiteout.length)
    if (name === '' || name === '.' || name === '..') throw new LayerFault('it deletes nothing that has a name')
    return { do: 'remove', path: folder === '' ? name : `${folder}/${name}` }
  }
  if (path === '' && entry.type !== 'folder') throw new LayerFault('the root of an image must be a folder')
  if (entry.uid > 0xfffffffe || entry.gid > 0xfffffffe) throw new LayerFault('its owner is out of range')
  return { do: 'make', path, linkPath: linkPathOf(entry, limits), attributes: attributesOf(entry, limits) }
}

/** `./a//b/` as `a/b`; the root is the empty path. */
export function cleanPath(name: string, { pathBytes, nameBytes, depth }: LayerLimits): string {
  if (name.length > pathBytes) throw new LayerFault(`its path has ${name.length} bytes, more than ${pathBytes}`)
  if (name.includes('\0')) throw new LayerFault('its path contains a zero')
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new LayerFault('its path leads out of the image')
  if (parts.length > depth) throw new LayerFault(`it is ${parts.length} folders deep, more than ${depth}`)
  if (parts.some((part) => part.length > nameBytes)) throw new LayerFault(`a part of its path has more than ${nameBytes} bytes`)
  return parts.join('/')
}

/** A link may point anywhere: it is followed in the machine alone. A hard link is to another entry. */
function linkPathOf({ type, linkName }: TarEntry, limits: LayerLimits): string {
  if (type === 'hard-link') {
    const path = cleanPath(linkName, limits)
    if (path === '') throw new LayerFault('it is a hard link to nothing')
    return path
  }
  if (type !== 'link') return ''
  if (linkName === '' || linkName.includes('\0')) throw new LayerFault('it is a link to nothing')
  if (linkName.length > limits.pathBytes) throw new LayerFault(`its target has more than ${limits.pathBytes} bytes`)
  return linkName
}

function attributesOf({ type, attributes }: TarEntry, { attributeBytes }: LayerLimits): readonly (readonly [string, Buffer])[] {
  // The kernel takes these on files and folders alone (xattr(7)).
  if (type !== 'file' && type !== 'folder') return []
  const kept = [...attributes].filter(([name]) => isKept(name))
  let bytes = 0
  for (const [name, value] of kept) {
    if (name.length > 255 || name.includes('\0')) throw new LayerFault('the name of an extended attribute is no name')
    bytes += name.length + value.length + 16
  }
  if (bytes > attributeBytes) throw new LayerFault(`its extended attributes have ${bytes} bytes, more than ${attributeBytes}`)
  return kept
}
