import { config } from 'zod'

// zod tries `new Function` when its first object schema is made; the page's content security policy refuses that, and browsers report each refusal.
config({ jitless: true })
