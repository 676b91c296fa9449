import { createClient } from '@ramet/client/client.ts'

/** The server that these pages came from. The session cookie goes along by itself. */
export const client = createClient({ endpoint: location.origin })
