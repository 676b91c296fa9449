import { closeInheritedDescriptors, openHost } from '@ramet/engine'
import { serve } from './serve.ts'

/** `npm start`: the server on this Linux host. */
closeInheritedDescriptors()
await serve(openHost)
