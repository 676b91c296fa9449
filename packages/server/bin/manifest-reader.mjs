import { mainOf } from '../../../scripts/built/programs.mjs'

await import(await mainOf('manifest-reader'))
