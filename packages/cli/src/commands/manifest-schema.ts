import { manifestJsonSchema } from '@ramet/model/manifest/json-schema.ts'
import type { Command } from 'commander'
import { createOutput } from '../output.ts'

/** `ramet manifest schema`. It needs no server. */
export function addManifestSchema(parent: Command): void {
  parent
    .command('schema')
    .description('Print the JSON Schema of manifests, for editors. Rules across fields are not in it; see: ramet manifest check')
    .action(() => createOutput().data(manifestJsonSchema(), 'json'))
}
