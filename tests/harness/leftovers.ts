import { readdir, readFile } from 'node:fs/promises'
import { finish } from './processes.ts'

/** Everything on this host that carries the installation's id or lies below its home: empty when nothing leaked. */
export async function leftovers(installation: string, home: string): Promise<string[]> {
  const prefix = `r${installation}-`
  const found: string[] = []
  const { stdout: namespaces } = await finish(['ip', 'netns', 'list'])
  const { stdout: links } = await finish(['ip', '-o', 'link'])
  const { stdout: tables } = await finish(['nft', 'list', 'tables'])
  for (const line of [...namespaces.split('\n'), ...links.split('\n'), ...tables.split('\n')]) {
    if (line.includes(prefix) || line.includes(prefix.replace('-', '_'))) found.push(line.trim())
  }
  for (const line of (await readFile('/proc/self/mounts', 'utf8')).split('\n')) {
    if (line.includes(home) || line.includes(prefix)) found.push(`mount ${line}`)
  }
  for (const folder of ['.', 'memory', 'cpu', 'pids']) {
    for (const entry of await readdir(`/sys/fs/cgroup/${folder}`).catch((): string[] => []))
      if (entry.startsWith(prefix)) found.push(`control group ${folder}/${entry}`)
  }
  for (const pid of await runProcesses(home)) found.push(`process ${pid}`)
  for (const entry of await readdir(`${home}/runs`).catch(() => [])) found.push(`${home}/runs/${entry}`)
  for (const claims of ['leases', 'uids']) {
    for (const entry of await readdir(`/run/ramet/${claims}`).catch(() => [])) {
      // Who holds it and for which run. The run's id may have the installation's four digits in it by chance.
      const [holder] = (await readFile(`/run/ramet/${claims}/${entry}`, 'utf8').catch(() => '')).split(' ')
      if (holder === installation) found.push(`${claims} ${entry}`)
    }
  }
  return found
}

/** VMs, real or fake. What becomes a VM or a resolver names its folder too. */
export const vmProcesses = (home: string, of = ''): Promise<number[]> =>
  runProcesses(home, of, (program) => program !== 'dnsmasq' && !program.endsWith('/jail'))
/** Resolvers. */
export const nameProcesses = (home: string, of = ''): Promise<number[]> =>
  runProcesses(home, of, (program) => program === 'dnsmasq')

/** Processes whose command line names a folder below `home`/runs. */
async function runProcesses(home: string, of = '', isWanted: (program: string) => boolean = () => true): Promise<number[]> {
  const pids: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const commandLine = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')
    if (commandLine.includes(`${home}/runs/${of}`) && isWanted(commandLine.split('\0')[0] ?? '')) pids.push(Number(entry))
  }
  return pids
}
