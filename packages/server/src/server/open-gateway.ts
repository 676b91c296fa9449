import type { SshGatewayInfo } from '@ramet/model/api/ssh.ts'
import type { Logger } from 'pino'
import { OpenCounts } from '../access/open-counts.ts'
import type { Config } from '../config.ts'
import type { Services } from '../services.ts'
import { destinationOf } from '../ssh/destination.ts'
import { SshGateway } from '../ssh/gateway.ts'
import { publicLine } from '../ssh/host-key.ts'

/** Opens the port for plain ssh, unless it is off. `opened` closes it. Throws port_taken or cannot_listen. */
export async function openGateway(
  { host, sshPort, limits }: Pick<Config, 'host' | 'sshPort' | 'limits'>,
  { runs, machines, sshKeys, audit }: Pick<Services, 'runs' | 'machines' | 'sshKeys' | 'audit'>,
  hostKey: string,
  log: Logger,
  opened: AsyncDisposableStack,
): Promise<SshGatewayInfo> {
  const known = publicLine(hostKey)
  if (sshPort === undefined) return { port: null, hostKey: known }
  const access = {
    userOf: (key: Buffer) => sshKeys.userOf(key),
    destinationOf: (user: Parameters<typeof destinationOf>[1], name: string) => destinationOf(runs, user, name),
  }
  const gateway = opened.use(new SshGateway({ access, machines, audit, counts: new OpenCounts(limits), hostKey, log }))
  return { port: await gateway.listen(host, sshPort), hostKey: known }
}
