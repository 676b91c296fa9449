import type { RootImageRecipe } from '../build/root-image.ts'
import { debianBase } from './debian-stable.ts'

const wants = (target: string, units: readonly string[]) => units.map((unit) => `/etc/systemd/system/${target}.wants/${unit}`)

/**
 * What the catalogue's playgrounds of several tiers serve with: web server, database, key-value store, file server. One image for all of them, so that their machines share one layer on the
 * disk; none of its services starts by itself.
 */
export const debianServices: RootImageRecipe = {
  name: 'debian-services',
  root: {
    ...debianBase,
    packages: [
      ...debianBase.packages,
      ...['nginx-light', 'postgresql-15', 'etcd-server', 'etcd-client', 'nfs-kernel-server', 'nfs-common', 'python3-psycopg2'],
    ],
    // A program each at every boot. A cluster of PostgreSQL is enabled by its own unit, postgresql@15-main.
    maskedGenerators: [...debianBase.maskedGenerators, 'postgresql-generator', 'nfs-server-generator', 'rpc-pipefs-generator'],
    files: {
      ...debianBase.files,
      // Small machines, and no certificate that all of them would share.
      '/etc/postgresql/15/main/conf.d/playground.conf': 'ssl = off\njit = off\nshared_buffers = 32MB\nmax_connections = 40\n',
    },
    removed: [
      ...debianBase.removed,
      '/etc/ssl/private/ssl-cert-snakeoil.key',
      '/etc/ssl/certs/ssl-cert-snakeoil.pem',
      ...wants('multi-user.target', [
        ...['nginx.service', 'postgresql.service', 'etcd.service', 'nfs-server.service', 'rpcbind.service'],
        ...['nfs-client.target', 'nfs-blkmap.service'],
      ]),
      ...wants('sockets.target', ['rpcbind.socket']),
      ...wants('remote-fs.target', ['nfs-client.target']),
      ...wants('nfs-client.target', ['nfs-blkmap.service']),
    ],
  },
  sizeMiB: 2048,
}
