import { resolve } from 'node:path'
import { packCli } from './packing/pack-cli.ts'
import { packPython } from './packing/pack-python.ts'

/** `npm run pack -- [FOLDER]`: packages for computers without a checkout, by default into ./packed. */
const folder = resolve(process.argv[2] ?? 'packed')
for (const pack of [packCli, packPython]) process.stdout.write(`${await pack(folder)}\n`)
