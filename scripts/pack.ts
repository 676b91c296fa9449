import { resolve } from 'node:path'
import { packCli } from './packing/pack-cli.ts'

/** `npm run pack -- [FOLDER]`: packages for computers without a checkout, by default into ./packed. */
const folder = resolve(process.argv[2] ?? 'packed')
process.stdout.write(`${await packCli(folder)}\n`)
