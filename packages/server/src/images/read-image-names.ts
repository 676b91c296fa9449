import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidInput } from '@ramet/model/errors/error.ts'
import { type Fault, fault, toProblems } from '@ramet/model/errors/fault.ts'
import { readYaml } from '@ramet/model/manifest/yaml-source.ts'
import { isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'

const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * `images.yaml` of the home: what further names of images mean, a line each, such as `our-root: oci://registry.example.org/root:7`. Nothing when there is
 * no such file. Throws InvalidInput with every fault and its place.
 */
export async function readImageNames(home: string): Promise<Record<string, string>> {
  const file = join(home, 'images.yaml')
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
  return parseImageNames(text, file)
}

/** The same of a text. Pure. */
export function parseImageNames(text: string, fileName: string): Record<string, string> {
  const { value, faults, locate } = readYaml(text, fileName)
  if (faults.length > 0)
    throw new InvalidInput(
      400,
      faults.map(({ fault: { code, message, hint }, where }) => ({
        code,
        message,
        where,
        ...(hint === undefined ? {} : { hint }),
      })),
    )
  if (value === null || value === undefined) return {}
  const wrong = Object.entries(value).flatMap(([name, meaning]) => faultsOf(name, meaning))
  const isList = typeof value !== 'object' || Array.isArray(value)
  if (isList)
    wrong.splice(
      0,
      Infinity,
      fault('invalid_value', [], 'The names of images are no mapping.', 'Such as: our-root: oci://registry.example.org/root:7'),
    )
  if (wrong.length > 0) throw new InvalidInput(400, toProblems(wrong, locate))
  return value as Record<string, string>
}

function faultsOf(name: string, meaning: unknown): Fault[] {
  const hint = 'Such as: our-root: oci://registry.example.org/root:7'
  if (!namePattern.test(name))
    return [
      fault(
        'invalid_value',
        [name],
        `${JSON.stringify(name)} cannot be the name of an image.`,
        'Small letters, digits and dashes.',
        'key',
      ),
    ]
  if (typeof meaning !== 'string') return [fault('invalid_value', [name], `The image ${name} is given no reference.`, hint)]
  if (!isImageReference(meaning))
    return namePattern.test(meaning) ? [] : [fault('invalid_value', [name], `${JSON.stringify(meaning)} is no image.`, hint)]
  const reference = parseImageReference(meaning)
  return 'wrong' in reference ? [fault('invalid_value', [name], reference.wrong, hint)] : []
}
