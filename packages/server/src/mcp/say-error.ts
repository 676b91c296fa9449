import { type ErrorBody, toErrorBody } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import { toRametError } from '../http/error-answers.ts'

/** An error as the API would say it; of a fault of ours the client gets no details. */
export const sayError = (error: unknown): ErrorBody => toErrorBody(toRametError(error) ?? internalError())
