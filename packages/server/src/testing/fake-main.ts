import { openFakeHost } from '@ramet/engine/testing'
import { serve } from '../serve.ts'

/** `npm run fake`: the server on a fake host, for web development, demos and fast tests. No VM is real, and no root is needed. */
await serve(openFakeHost)
