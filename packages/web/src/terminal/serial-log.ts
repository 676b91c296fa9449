// CSI, OSC and other escape sequences (ECMA-48), then the control characters that are left but tab and newline.
const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g
const controls = /[\x00-\x08\x0b-\x1f\x7f]/g

/** A serial log as plain text: no colours and cursor movements, line ends as newlines, a line that was written over as it ended. */
export function serialText(log: string): string {
  return log
    .replace(escapes, '')
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1).replace(controls, ''))
    .join('\n')
}
