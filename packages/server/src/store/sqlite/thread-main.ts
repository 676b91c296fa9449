import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import type { Answer, Request, ThreadData } from './thread.ts'

/** The thread of one connection: what is asked together comes as one message, and so do the answers. */
const port = parentPort
if (!port) throw new Error('sqlite/thread-main.ts is the main module of a thread')

let connection: SqliteConnection | undefined

function answer(request: Request): Answer {
  try {
    if (request.kind === 'close') {
      connection?.close()
      return { id: request.id, result: undefined }
    }
    connection ??= new SqliteConnection((workerData as ThreadData).file)
    return { id: request.id, result: request.kind === 'run' ? connection.run(request.statement) : undefined }
  } catch (error) {
    // Structured clones of errors lose all but name, message and stack.
    const { message, code, errcode, errstr } = error as Error & { code?: string; errcode?: number; errstr?: string }
    return { id: request.id, error: { message, code, errcode, errstr } }
  }
}

port.on('message', (requests: readonly Request[]) => {
  port.postMessage(requests.map(answer))
  if (requests.some(({ kind }) => kind === 'close')) port.close()
})
