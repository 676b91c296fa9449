import { notFound } from '@ramet/model/errors/errors.ts'
import { unknownProvider, wrongPasskey } from '@ramet/model/errors/sign-in-errors.ts'
import type { Passkeys, SignIns } from '../services.ts'

export const stubSignIns: SignIns = {
  providers: () => [],
  begin: async (id) => {
    throw unknownProvider(id)
  },
  finish: async (id) => {
    throw unknownProvider(id)
  },
  identities: async () => [],
  disconnect: async (_, id) => {
    throw notFound('identity', id)
  },
}

const options = { ticket: 'ticket', options: {} }
const refuse = async () => {
  throw wrongPasskey()
}

export const stubPasskeys: Passkeys = {
  askToAdd: async () => options,
  add: refuse,
  askToUse: async () => options,
  use: refuse,
  list: async () => [],
  rename: async () => {},
  remove: async () => {},
}
