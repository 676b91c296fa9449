import type { RootImageRecipe } from '../../build/root-image.ts'
import type { GoPrograms } from '../../go/go-programs.ts'
import { debianBase } from '../debian-stable.ts'
import { clusterFiles } from './cluster-files.ts'

/** As in go.mod. */
export const kubernetesVersion = '1.37.2'

export const kubernetesCosts =
  'It is compiled from its Go modules: that needs 6 GB of disk meanwhile, the Go module proxy within reach (proxy.golang.org), and time: on two busy cores Kubernetes alone took 35 minutes, and CoreDNS comes on top.'

const [major, minor] = kubernetesVersion.split('.')
/** What the programs say of themselves (kubernetes: hack/lib/version.sh). Without it a node tells v0.0.0, which other programs compare. */
const version = Object.entries({
  gitVersion: `v${kubernetesVersion}`,
  gitMajor: `${major}`,
  gitMinor: `${minor}`,
  gitTreeState: 'clean',
}).flatMap(([name, value]) =>
  ['k8s.io/client-go/pkg/version', 'k8s.io/component-base/version'].flatMap((at) => ['-X', `${at}.${name}=${value}`]),
)

const kubernetesPrograms: GoPrograms = {
  name: 'kubernetes-programs',
  module: new URL('.', import.meta.url),
  linkerFlags: version,
  packages: 2800,
}

/** A module of its own: CoreDNS wants newer libraries than Kubernetes was released with. */
const addons: GoPrograms = {
  name: 'kubernetes-addons',
  module: new URL('addons', import.meta.url),
  sources: ['coredns/main.go'],
  linkerFlags: [],
  packages: 980,
}

const containers = ['containerd', 'runc', 'containernetworking-plugins', 'apparmor', 'iptables', 'busybox-static']

/**
 * Kubernetes' own programs, CoreDNS and a provisioner of volumes, of their Go modules, on Debian 13, which has an etcd and a containerd that they work with. Nothing of a cluster is in
 * it, and only containerd starts by itself: a playground says what a machine is to be.
 */
export const kubernetes: RootImageRecipe = {
  name: 'kubernetes',
  root: {
    ...debianBase,
    suite: 'trixie',
    packages: [...debianBase.packages, ...containers, 'etcd-server', 'etcd-client', 'openssl'],
    files: { ...debianBase.files, ...clusterFiles },
    removed: [...debianBase.removed, '/etc/systemd/system/multi-user.target.wants/etcd.service'],
  },
  sizeMiB: 3072,
  programs: [kubernetesPrograms, addons],
}
