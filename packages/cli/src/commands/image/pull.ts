import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { canonicalSource, isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import type { Command } from 'commander'
import { interruptible, type Open } from '../../context.ts'
import { createProgress, silence } from '../../progress.ts'
import { untilBuilt } from '../../until-built.ts'

/** `ramet image pull` */
export function addImagePull(parent: Command, open: Open): void {
  parent
    .command('pull')
    .description('Take what a reference stands for in its registry now, for later starts. Prints its digest.')
    .argument('<reference>', 'such as oci://ghcr.io/me/root:1, or a name that means one; see: ramet image ls')
    .option('-q, --quiet', 'print nothing but the digest')
    .action(async (given: string, options: { quiet?: boolean }) => {
      const { client, out } = await open()
      const isName = (await client.images.list()).some((image) => image.name === given)
      const source = isName || isImageReference(given) ? given : `oci://${given}`
      const reference = parseImageReference(source)
      if (!isName && 'wrong' in reference) throw invalidInput(reference.wrong)
      const name = isName ? given : canonicalSource(source)
      const progress = options.quiet ? silence : createProgress()
      try {
        const asked = await client.images.build(name)
        const note = `${name} is still being pulled. See it: ramet image ls`
        const image = await interruptible(note, (signal) => untilBuilt(client, asked, progress, signal))
        if (image.error) throw new RametError(image.error.code, 500, image.error.message, { hint: image.error.hint })
        out.result(image.digest ?? '')
      } finally {
        progress.end()
      }
    })
}
