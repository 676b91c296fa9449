import type { TestServer } from '../harness/server.ts'

/** What stands in an example for something that everybody has another of. */
export function substitute(text: string, given: Readonly<Record<string, string>>): string {
  return Object.entries(given).reduce((line, [placeholder, value]) => line.replaceAll(placeholder, value), text)
}

/** Whether what a page shows to be printed was. What is under way is told as long as it takes. */
export const wasPrinted = (shown: string, output: string): boolean =>
  /^(Starting|Waiting) /.test(shown) || output.split('\n').some((line) => withoutChance(line.trim()) === withoutChance(shown))

/** Ids, ports, names and versions are others each time. */
const withoutChance = (line: string) =>
  line
    .replace(/\b[0-9a-f]{24}\b/g, 'ID')
    .replace(/\b[a-z2-7]{20}\.localhost/g, 'NAME.localhost')
    .replace(/:\d{4,5}\b/g, ':PORT')
    .replace(/#login=\S+/g, '#login=TOKEN')
    .replace(/\b\d{4}-\d\d-\d\d\b/g, 'DATE')
    .replace(/\blab-[0-9a-f]{8}\b/g, 'lab-HEX')
    .replace(/^\d+\.\d+\.\d+-\S+$/g, 'KERNEL')

/** A run of `debian` in the state that the command takes it in. */
export async function runFor(line: string, server: TestServer, last: string | undefined): Promise<string> {
  const { plays } = await server.client()
  const isOffNeeded = /\b(restart|clone(?!.*--live)|save)\b/.test(line)
  const play = last === undefined ? undefined : await plays.get(last).catch(() => undefined)
  const id = play && play.state !== 'DESTROYED' ? play.id : (await plays.start({ playground: 'debian' })).id
  const { state } = await plays.get(id)
  if (isOffNeeded && state !== 'STOPPED') {
    await server.reached(id, 'RUNNING')
    await plays.stop(id)
  }
  if (!isOffNeeded && state === 'STOPPED') await plays.restart(id)
  return (await server.reached(id, isOffNeeded ? 'STOPPED' : 'RUNNING')).id
}
