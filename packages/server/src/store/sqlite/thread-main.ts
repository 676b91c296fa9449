import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import type { Answer, Request, ThreadData } from './thread.ts'

/** The thread of one connection: a statement a message, an answer a statement. */
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

port.on('message', (request: Request) => {
  port.postMessage(answer(request))
  if (request.kind === 'close') port.close()
})
