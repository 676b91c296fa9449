import { structureFindings } from './structure/rules.ts'
import { readTree } from './structure/tree.ts'

/** `npm run lint`'s second half: the direction of imports, and who may touch what. Prints each finding; exits 1 when there is any. Argument: the root. */
const findings = structureFindings(readTree(process.argv[2] ?? `${import.meta.dirname}/..`))
for (const { rule, file, line, message } of findings) console.error(`${file}:${line}: ${message} (${rule})`)
process.exitCode = findings.length > 0 ? 1 : 0
