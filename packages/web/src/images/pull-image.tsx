import { canonicalSource, isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { TextField } from '../ui/text-field.tsx'
import { toastError } from '../ui/toasts.tsx'

/** Fetches what a reference stands for now, for later starts. */
export function PullImage() {
  const cache = useQueryClient()
  const [text, setText] = useState('')
  const [fault, setFault] = useState<string>()
  const pull = useMutation({
    mutationFn: (name: string) => client.images.build(name),
    onSuccess() {
      setText('')
      void cache.invalidateQueries({ queryKey: queries.images().queryKey })
    },
    onError: toastError,
  })
  const submit = () => {
    const source = isImageReference(text.trim()) ? text.trim() : `oci://${text.trim()}`
    const reference = parseImageReference(source)
    setFault('wrong' in reference ? reference.wrong : undefined)
    if (!('wrong' in reference)) pull.mutate(canonicalSource(source))
  }
  return (
    <form
      className="flex w-full items-start gap-2 sm:w-96"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <div className="flex-1">
        <TextField
          label="Pull from a registry"
          value={text}
          onChange={setText}
          isMono
          placeholder="oci://ghcr.io/me/root:1"
          fault={fault}
        />
      </div>
      {/* Beside the field, whatever is told below it. */}
      <div className="mt-6">
        <Button type="submit" look="primary" isBusy={pull.isPending}>
          Pull
        </Button>
      </div>
    </form>
  )
}
