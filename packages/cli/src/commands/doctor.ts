import type { Check } from '@ramet/model/api/host.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { type Format, formatOption } from '../format-option.ts'
import type { Output } from '../output.ts'

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const

/** `ramet doctor` */
export function addDoctor(parent: Command, open: Open): void {
  parent
    .command('doctor')
    .description('What the host of the server has and lacks. Exits 1 when something needed is missing.')
    .addOption(formatOption())
    .action(async (options: { output: Format }) => {
      const { client, out } = await open()
      const checks = await client.doctor()
      if (options.output !== 'table') out.data(checks, options.output)
      else for (const check of checks) show(out, check)
      if (checks.some(({ status }) => status === 'fail')) process.exitCode = 1
    })
}

function show(out: Output, { status, name, message, hint }: Check): void {
  out.result({ text: status.padEnd(4), style: colours[status] }, `  ${name}: ${message}`)
  if (hint !== undefined) out.result(`      hint: ${hint}`)
}
