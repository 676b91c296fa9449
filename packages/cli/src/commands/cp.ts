import { Run } from '@ramet/client/sdk/run.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { readCopy } from '../copy/copy-end.ts'
import { download } from '../copy/download.ts'
import { upload } from '../copy/upload.ts'
import { pickMachine } from '../pick-machine.ts'
import { createProgress, silence } from '../progress.ts'
import { resolveRun } from '../resolve-run.ts'

interface CpOptions {
  readonly recursive?: boolean
  readonly machine?: string
  readonly user?: string
  readonly quiet?: boolean
}

/** `ramet cp` */
export function addCp(parent: Command, open: Open): void {
  parent
    .command('cp')
    .description('Copy a file or a folder into a machine or out of it.')
    .argument('<source>', 'a path here, or RUN:PATH')
    .argument('<target>', 'RUN:PATH, or a path here; a folder that is there takes it under its own name')
    .option('-r, --recursive', 'a folder with all that is in it')
    .option('-m, --machine <name>', 'the machine; default: the first of the manifest')
    .option('-u, --user <name>', "the user who reads or writes there; default: the machine's default user")
    .option('-q, --quiet', 'say nothing')
    .addHelpText(
      'after',
      `
Examples:
  ramet cp notes.txt RUN:                  into the user's home folder
  ramet cp -r src RUN:/root/project        a folder; /root/project/src if /root/project is there
  ramet cp RUN:/etc/os-release .           out of the machine`,
    )
    .action(async (source: string, target: string, options: CpOptions) => {
      const copy = readCopy(source, target)
      const { client, out } = await open()
      const play = await resolveRun(client, copy.run)
      const machine = new Run(client, play).machine(pickMachine(play, options.machine).name)
      const progress = options.quiet ? silence : createProgress()
      const job = {
        machine,
        user: options.user,
        source: copy.source,
        target: copy.target,
        recursive: options.recursive ?? false,
        moved: (bytes: number, of: number) =>
          progress.show({
            message: `${formatBytes(bytes)}${of > 0 ? ` of ${formatBytes(of)}` : ''}`,
            // A folder's size is an estimate.
            ...(of > 0 ? { percent: Math.min(100, (bytes / of) * 100) } : {}),
          }),
      }
      try {
        const moved = await (copy.to === 'machine' ? upload(job) : download(job))
        progress.end()
        if (!options.quiet) out.note(`Copied ${formatBytes(moved)}.`)
      } finally {
        progress.end()
      }
    })
}
