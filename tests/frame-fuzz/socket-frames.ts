import { longestCommand } from '@ramet/model/api/stream.ts'
import fc from 'fast-check'

/** What a client does with an open websocket: says something that it may or may not say, or writes what is no frame at all. */
export type Act =
  | { readonly do: 'text'; readonly text: string }
  | { readonly do: 'bytes'; readonly bytes: Uint8Array }
  /** In pieces, of which the last may never come. */
  | { readonly do: 'pieces'; readonly pieces: readonly Uint8Array[]; readonly isWhole: boolean }
  | { readonly do: 'raw'; readonly bytes: Uint8Array }

export interface SocketCase {
  readonly acts: readonly Act[]
  /** `cut`: without a closing handshake. */
  readonly end: 'close' | 'cut'
}

const odd = fc.oneof(fc.anything({ maxDepth: 2, withNullPrototype: false }), fc.string(), fc.integer(), fc.constant('root'))
const orOdd = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 7, arbitrary: usual }, { weight: 1, arbitrary: odd })
const size = fc.oneof(fc.integer({ min: -1, max: 1001 }), fc.constantFrom(1, 80, 24))

/** Commands of the pretend shell that change nothing. */
const command = fc.oneof(
  fc.constantFrom('true', 'cat', 'exit 3', 'echo said', 'sleep 60', 'none', ''),
  fc.constantFrom(longestCommand, longestCommand + 1).map((length) => `:${' '.repeat(length - 1)}`),
)
const exec = fc.record(
  {
    type: fc.constant('exec'),
    command: orOdd(command),
    user: orOdd(fc.constantFrom('root', 'nobody-here')),
    pty: orOdd(fc.record({ term: orOdd(fc.constant('xterm')), cols: size, rows: size }, { requiredKeys: [] })),
  },
  { requiredKeys: ['type', 'command'] },
)
const control = fc.oneof(
  fc.record({ type: fc.constant('resize'), cols: orOdd(size), rows: orOdd(size) }),
  fc.constant({ type: 'eof' }),
  fc.record({ type: fc.constant('ack'), bytes: orOdd(fc.constantFrom(0, 1, 5, -1, 2 ** 53, 0.5)) }),
  fc.record({ type: fc.constant('signal'), name: orOdd(fc.constantFrom('INT', 'KILL', 'STOP')) }),
  fc.record({ type: odd, __proto__: odd }),
)

const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  // An SSH client that says nonsense behind port 22.
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }).map((tail) => Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), tail])) },
  { weight: 2, arbitrary: fc.constantFrom(65_536, 1024 ** 2, 1024 ** 2 + 1).map((length) => new Uint8Array(length)) },
)

/** One frame of RFC 6455, of which anything may be wrong: flags, kind, mask, length. */
const rawFrame = fc
  .record({
    isLast: fc.boolean(),
    reserved: fc.constantFrom(0, 0, 0, 1, 4, 7),
    opcode: fc.integer({ min: 0, max: 15 }),
    isMasked: fc.constantFrom(true, true, true, false),
    claimed: fc.oneof(fc.constant(undefined), fc.constantFrom(0, 125, 126, 65_536, 2 ** 31, 2 ** 53, 2 ** 63 - 1)),
    payload: fc.oneof(fc.uint8Array({ maxLength: 140 }), fc.constantFrom(...closings())),
  })
  .map(({ isLast, reserved, opcode, isMasked, claimed, payload }) => {
    const length = claimed ?? payload.length
    const first = (isLast ? 0x80 : 0) | (reserved << 4) | opcode
    const mask = isMasked ? 0x80 : 0
    const head =
      length < 126
        ? Buffer.of(first, mask | length)
        : length < 65_536
          ? Buffer.of(first, mask | 126, length >> 8, length & 255)
          : Buffer.concat([Buffer.of(first, mask | 127), longNumber(length)])
    // A mask of zeros leaves what is masked as it is.
    return new Uint8Array(Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload]))
  })

function longNumber(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** Payloads of a close: with codes that there are none of, half a code, and no UTF-8. */
function closings(): Uint8Array[] {
  const codes = [0, 999, 1000, 1004, 1005, 1006, 1015, 2999, 5000, 65_535]
  return [...codes.map((code) => Uint8Array.of(code >> 8, code & 255)), Uint8Array.of(3), Uint8Array.of(3, 232, 255, 254)]
}

const text = fc.oneof(
  { weight: 6, arbitrary: control.map((value) => JSON.stringify(value) ?? '') },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom('', '{', '['.repeat(50_000), 'null', '\0')) },
)

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: text.map((text) => ({ do: 'text' as const, text })) },
  { weight: 4, arbitrary: bytes.map((bytes) => ({ do: 'bytes' as const, bytes })) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('pieces' as const),
      pieces: fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }),
      isWhole: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: rawFrame.map((bytes) => ({ do: 'raw' as const, bytes })) },
)

/** Mostly begun as the protocol wants it, so that what follows meets a command that runs. */
export const socketCase: fc.Arbitrary<SocketCase> = fc
  .record({
    first: fc.oneof(
      { weight: 3, arbitrary: exec.map((message) => [{ do: 'text' as const, text: JSON.stringify(message) }]) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    rest: fc.array(act, { maxLength: 6 }),
    end: fc.constantFrom('close' as const, 'cut' as const),
  })
  .map(({ first, rest, end }) => ({ acts: [...first, ...rest], end }))

/** Addresses of tunnels, in base64 or not. */
export const tunnelAddress: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(':22', ':7', ':80', 'debian:7') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('listen:0', 'listen:localhost:0', 'connect:none', ':0', ':65536', '[::1]:7', 'x y:7', ''),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 80 }) },
)
