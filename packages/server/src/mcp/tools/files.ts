import { isUtf8 } from 'node:buffer'
import { readFileCommand, writeFileCommand } from '@ramet/model/api/guest-files.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { z } from 'zod'
import { accountName, guestPath, machineName, playId } from '../fields.ts'
import { firstMachineOf } from '../first-machine.ts'
import { type Outcome, runCommand } from '../run-command.ts'
import { type Call, type Tool, tool } from '../tool.ts'

const usualBytes = 64 * 1024
const mostBytes = 1024 * 1024
const withinMs = 50_000

const where = { play_id: playId, path: guestPath, machine: machineName, user: accountName }
type Where = z.output<z.ZodObject<typeof where>>

/** Tools for files in a machine: what its user may read and write. */
export const fileTools: readonly Tool[] = [
  tool({
    name: 'read_file',
    title: 'Read a file',
    description:
      'Reads a file of a machine, or a part of it. What is no UTF-8 comes as base64. With more=true there is more: read on from next_offset.',
    scope: 'playground:run',
    input: z.object({
      ...where,
      offset: z.int().min(0).default(0).describe('bytes to leave out at the beginning'),
      max_bytes: z.int().min(1).max(mostBytes).default(usualBytes),
    }),
    async run({ offset, max_bytes, ...at }, call) {
      const outcome = await command(call, at, readFileCommand(at.path, { offset, bytes: max_bytes + 1 }), max_bytes + 1)
      const bytes = outcome.stdout.bytes().subarray(0, max_bytes)
      const hasMore = outcome.stdout.total > max_bytes
      // A character that is cut in two belongs to the next part.
      const part = hasMore ? wholeCharacters(bytes) : bytes
      const content = isUtf8(part) ? { text: part.toString() } : { base64: bytes.toString('base64') }
      const read = isUtf8(part) ? part.length : bytes.length
      return { ...content, bytes: read, ...(hasMore ? { more: true, next_offset: offset + read } : {}) }
    },
  }),
  tool({
    name: 'write_file',
    title: 'Write a file',
    description: 'Writes a file in a machine; folders on the way are made.',
    scope: 'playground:run',
    input: z.object({
      ...where,
      content: z.string().max(2 * mostBytes),
      encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
      append: z.boolean().default(false).describe('add to what is there instead of replacing it'),
      mode: z
        .string()
        .regex(/^[0-7]{3,4}$/, 'must be octal, such as 755')
        .optional(),
    }),
    async run({ content, encoding, append, mode, ...at }, call) {
      const input = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8')
      await command(call, at, writeFileCommand(at.path, { append, mode }), 0, input)
      return { path: at.path, bytes: input.length }
    },
  }),
]

async function command(
  call: Call,
  { play_id, machine, user, path }: Where,
  line: string,
  keepBytes: number,
  input?: Buffer,
): Promise<Outcome> {
  const outcome = await runCommand(
    { ...call, tell: () => {} },
    {
      playId: play_id,
      machine: machine ?? (await firstMachineOf(call, play_id)),
      user,
      command: line,
      input,
      timeoutMs: withinMs,
      // The two halves of what is kept must hold all of it.
      keepBytes: 2 * keepBytes + 4096,
    },
  )
  if (outcome.exitCode === 0) return outcome
  const why = outcome.stderr.text().trim().split('\n').at(-1) || (outcome.timedOut ? 'it took too long' : 'the command failed')
  throw new RametError('file_refused', 409, `${path}: ${why}`)
}

/** Without the first bytes of a UTF-8 character at the end that is not whole. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let cut = 0; cut < 4; cut += 1) {
    const part = bytes.subarray(0, bytes.length - cut)
    if (isUtf8(part)) return part
  }
  return bytes
}
