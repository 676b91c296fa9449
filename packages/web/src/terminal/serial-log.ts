import { visibleText } from '@ramet/model/units/visible-text.ts'

// CSI, OSC and other escape sequences (ECMA-48).
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g

/** A serial log as plain text: no colours and cursor movements, line ends as newlines, a line that was written over as it ended; what else is in it made visible. */
export function serialText(log: string): string {
  return log
    .replace(escapes, '')
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => visibleText(line.slice(line.lastIndexOf('\r') + 1)))
    .join('\n')
}
