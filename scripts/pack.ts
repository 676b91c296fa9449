import { resolve } from 'node:path'
import { packCli } from './packing/pack-cli.ts'
import { packClient } from './packing/pack-client.ts'
import { packPython } from './packing/pack-python.ts'

/** `npm run pack -- [FOLDER]`: packages for computers without a checkout, by default into ./packed. */
const folder = resolve(process.argv[2] ?? 'packed')
for (const pack of [packCli, packClient, packPython]) process.stdout.write(`${await pack(folder)}\n`)
