import { openHostAndParts } from '@ramet/engine/host/open-host.ts'
import { serve } from './serve.ts'

/** `npm start`: the server on this Linux host. */
await serve(openHostAndParts)
