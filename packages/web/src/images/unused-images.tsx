import type { Image } from '@ramet/model/api/host.ts'
import { unusedOf } from '@ramet/model/api/unused-images.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'

/** Tells what could be freed. */
export function UnusedImages({ images }: { images: readonly Image[] }) {
  const each = unusedOf(images)
  if (each.length === 0) return null
  const bytes = each.reduce((sum, image) => sum + image.bytes, 0)
  return (
    <p className="rounded-xl border border-line bg-surface px-4 py-3 text-[13px] text-muted">
      Nothing needs {each.length === 1 ? 'one image' : `${each.length} images`} from registries ({describeBytes(bytes)}). The
      longest unused go by themselves when space is short.
    </p>
  )
}
