/**
 * Characters that steer a terminal or the eye instead of being seen: controls (C0, DEL, C1; ECMA-48), of which tab and line feed stay, and what overrides
 * or isolates the direction of text (Unicode TR 36, 3.2: "bidirectional text spoofing").
 */
const steering = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g

/** Matches text without such characters and without line ends, as titles must be. */
export const oneVisibleLine = /^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$/

/** Makes control characters in foreign text visible, so that it cannot control the reader's terminal: ESC becomes `^[`, a CSI `\u009b`. Lines and tabs stay. */
export const visibleText = (text: string): string => text.replaceAll('\r\n', '\n').replace(steering, shown)

/** As `visibleText`, on one line: ends of lines and tabs become spaces. */
export const visibleLine = (text: string): string => visibleText(text.replace(/[\r\n\t\u2028\u2029]+/g, ' '))

/** JSON (or a line of a JSON log) that reads back as the same: what `JSON.stringify` lets through is written as `\u…`. */
export const visibleJson = (json: string): string => json.replace(steering, escaped)

/** Removes the colours that programs print (SGR, ECMA-48 8.3.117). Apply `visibleText` afterwards. */
export const withoutColours = (text: string): string => text.replace(/\x1b\[[\d;:]*m/g, '')

/** Caret notation for controls of ASCII, `\u…` for the others. */
function shown(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x80 ? `^${String.fromCharCode(code ^ 0x40)}` : escaped(character)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
