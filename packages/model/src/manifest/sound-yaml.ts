import { InvalidInput, type Problem } from '../errors/error.ts'
import { maxProblems } from '../errors/fault.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** Reads YAML that is whole. Throws InvalidInput with its faults as YAML; where is `fileName:line:column`. */
export function readSoundYaml(text: string, fileName: string): YamlSource {
  const source = readYaml(text, fileName)
  if (source.faults.length === 0) return source
  throw new InvalidInput(
    400,
    source.faults.slice(0, maxProblems).map(
      ({ fault: { code, message, hint }, where }): Problem => ({
        code,
        message,
        where,
        ...(hint === undefined ? {} : { hint }),
      }),
    ),
  )
}
