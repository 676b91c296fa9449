/**
 * Characters that steer a terminal or the eye instead of being seen: controls (C0, DEL, C1; ECMA-48), of which tab and line feed stay; what changes the
 * direction of text (Unicode's Bidi_Control, and the deprecated format characters beside it; TR 36, 3.2: "bidirectional text spoofing"); marks of
 * annotations; half a surrogate pair, which is no character.
 */
const steering = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]|\p{Surrogate}/gu

/** What ends a line, or moves to the next column. */
const lineEnds = /[\t\n\u2028\u2029]/gu

const ascii =
  'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ')
const named: Readonly<Record<number, string>> = {
  127: 'DEL',
  155: 'CSI',
  1564: 'Arabic letter mark',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8232: 'line separator',
  8233: 'paragraph separator',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'end of an embedding',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'end of an isolate',
}

/**
 * The first character of `text` that people may not write in a name (`line`: on one line; `lines`: tabs and line feeds are fine), as
 * `U+001B (ESC) at character 3`; undefined when there is none.
 */
export function unwritable(text: string, shape: 'line' | 'lines'): string | undefined {
  const found = [text.search(steering), shape === 'line' ? text.search(lineEnds) : -1].filter((at) => at >= 0)
  if (found.length === 0) return undefined
  const at = Math.min(...found)
  const code = text.codePointAt(at) ?? 0
  const name = ascii[code] ?? named[code]
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return `${number}${name === undefined ? '' : ` (${name})`} at character ${[...text.slice(0, at)].length + 1}`
}

/** Makes control characters in foreign text visible, so that it cannot control the reader's terminal: ESC becomes `^[`, a CSI `\u009b`. Lines and tabs stay. */
export const visibleText = (text: string): string => text.replaceAll('\r\n', '\n').replace(steering, shown)

/** As `visibleText`, on one line: ends of lines and tabs become spaces. */
export const visibleLine = (text: string): string => visibleText(text.replace(/[\r\n\t\u2028\u2029]+/g, ' '))

/** JSON (or a line of a JSON log, or YAML with such text in double quotes) that reads back as the same: what is left in it is written as `\u…`. */
export const visibleJson = (json: string): string => json.replace(steering, escaped)

/** True when `visibleText` would change something besides line ends. */
export const isSteering = (text: string): boolean => text.search(steering) >= 0

/** Removes the colours that programs print (SGR, ECMA-48 8.3.117). Apply `visibleText` afterwards. */
export const withoutColours = (text: string): string => text.replace(/\x1b\[[\d;:]*m/g, '')

/** Caret notation for controls of ASCII, `\u…` for the others. */
function shown(character: string): string {
  const code = character.charCodeAt(0)
  return code < 0x80 ? `^${String.fromCharCode(code ^ 0x40)}` : escaped(character)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
