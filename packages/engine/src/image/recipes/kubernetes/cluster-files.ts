/** Pods of all nodes, and Services. */
const podNetwork = '10.244.0.0/16'
const serviceNetwork = '10.96.0.0/16'
/** Of the Service kube-dns, which a playground makes. */
const dnsAddress = '10.96.0.10'

const pki = '/etc/kubernetes/pki'

interface Unit {
  readonly description: string
  readonly after?: string
  readonly before?: string
  readonly program: string
  readonly flags: readonly string[]
}

/** A daemon that is started again for as long as what it needs is not there: on a slow host that takes a while at a first start. */
const daemon = ({ description, after, before, program, flags }: Unit) => `[Unit]
Description=${description}
${after === undefined ? '' : `Wants=${after}\nAfter=${after}\n`}StartLimitIntervalSec=0

[Service]
${before === undefined ? '' : `ExecStartPre=${before}\nTimeoutStartSec=infinity\n`}ExecStart=/usr/local/bin/${program} \\
  ${flags.join(' \\\n  ')}
Restart=always
RestartSec=3

[Install]
WantedBy=multi-user.target
`

const units = {
  'kube-apiserver': daemon({
    description: 'API server of Kubernetes',
    after: 'etcd.service',
    program: 'kube-apiserver',
    flags: [
      '--etcd-servers=http://127.0.0.1:2379',
      `--service-cluster-ip-range=${serviceNetwork}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      `--client-ca-file=${pki}/ca.crt`,
      `--tls-cert-file=${pki}/apiserver.crt`,
      `--tls-private-key-file=${pki}/apiserver.key`,
      `--kubelet-client-certificate=${pki}/admin.crt`,
      `--kubelet-client-key=${pki}/admin.key`,
      `--token-auth-file=${pki}/tokens.csv`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki}/service-accounts.pub`,
      `--service-account-signing-key-file=${pki}/service-accounts.key`,
      '--profiling=false',
    ],
  }),
  'kube-controller-manager': daemon({
    description: 'Controllers of Kubernetes',
    after: 'kube-apiserver.service',
    program: 'kube-controller-manager',
    flags: [
      '--kubeconfig=/etc/kubernetes/controller-manager.conf',
      // There is one of it, and a lease that it cannot renew in time would end it.
      '--leader-elect=false',
      `--root-ca-file=${pki}/ca.crt`,
      `--cluster-signing-cert-file=${pki}/ca.crt`,
      `--cluster-signing-key-file=${pki}/ca.key`,
      `--service-account-private-key-file=${pki}/service-accounts.key`,
      // Without KVM a node may be late by a minute and not be gone.
      '--node-monitor-grace-period=180s',
      '--profiling=false',
    ],
  }),
  'kube-scheduler': daemon({
    description: 'Scheduler of Kubernetes',
    after: 'kube-apiserver.service',
    program: 'kube-scheduler',
    flags: ['--kubeconfig=/etc/kubernetes/scheduler.conf', '--leader-elect=false', '--profiling=false'],
  }),
  kubelet: daemon({
    description: 'Node agent of Kubernetes',
    after: 'containerd.service container-images.service',
    program: 'kubelet',
    flags: [
      '--config=/etc/kubernetes/kubelet.yaml',
      '--config-dir=/etc/kubernetes/kubelet.d',
      '--kubeconfig=/etc/kubernetes/kubelet.conf',
      '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap.conf',
    ],
  }),
  'kube-proxy': daemon({
    description: 'Services of Kubernetes on this node',
    // The kubelet writes it when the API server has signed its certificate.
    before: "/bin/sh -c 'until [ -s /etc/kubernetes/kubelet.conf ]; do sleep 1; done'",
    program: 'kube-proxy',
    flags: ['--config=/etc/kubernetes/kube-proxy.yaml'],
  }),
  'container-images': `[Unit]
Description=Container images that need no registry
Requires=containerd.service
After=containerd.service
ConditionPathExists=!/var/lib/kubernetes/images

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/local/lib/kubernetes/container-image localhost/pause:1 docker.io/library/busybox:1
ExecStart=/bin/sh /usr/local/lib/kubernetes/container-image -p /usr/local/bin/coredns localhost/coredns:1
ExecStart=/bin/sh /usr/local/lib/kubernetes/container-image -p /usr/local/bin/local-path-provisioner localhost/local-path-provisioner:1
ExecStartPost=/bin/sh -c 'mkdir -p /var/lib/kubernetes && touch /var/lib/kubernetes/images'
`,
}

/** Text files by absolute path: units of which none is enabled, and settings that are the same on every node. */
export const clusterFiles: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(units).map(([name, text]) => [`/etc/systemd/system/${name}.service`, text])),
  '/etc/modules-load.d/kubernetes.conf': 'overlay\nbr_netfilter\n',
  '/etc/sysctl.d/90-kubernetes.conf': 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\n',
  '/etc/crictl.yaml': 'runtime-endpoint: unix:///run/containerd/containerd.sock\n',
  '/etc/containerd/config.toml': `version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true
`,
  '/etc/kubernetes/kubelet.yaml': `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: ${pki}/ca.crt}
authorization: {mode: Webhook}
cgroupDriver: systemd
clusterDNS: [${dnsAddress}]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
rotateCertificates: true
failSwapOn: false
# Images are here or nowhere: none is thrown away.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
# Without KVM a program takes ten times as long, and a node may be late by a minute.
nodeLeaseDurationSeconds: 120
nodeStatusUpdateFrequency: 20s
runtimeRequestTimeout: 10m
`,
  '/etc/kubernetes/kubelet.d/README': 'Files NAME.conf here change /etc/kubernetes/kubelet.yaml (kubelet --config-dir).\n',
  '/etc/kubernetes/kube-proxy.yaml': `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: ${podNetwork}
# The node's own identity: the group system:nodes is bound to the role system:node-proxier.
clientConnection: {kubeconfig: /etc/kubernetes/kubelet.conf}
# The machine's own settings stay.
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`,
  '/usr/local/lib/kubernetes/container-image': `#!/bin/sh
# container-image [-p PROGRAM] NAME…: makes a container image of busybox and gives it to containerd under these names. It runs the static PROGRAM; without one it sleeps.
set -eu
program=
if [ "$1" = -p ]; then program=$2; shift 2; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/tmp" "$work/root/etc"
cp /bin/busybox "$work/root/bin/busybox"
perl -e 'for (@ARGV) { symlink "busybox", "$_" unless -e }' $(busybox --list | sed "s|^|$work/root/bin/|")
runs='"Cmd": ["/bin/sleep", "2147483647"]'
if [ -n "$program" ]; then
  cp "$program" "$work/root/bin/"
  cp -r --parents /etc/ssl/certs/ca-certificates.crt "$work/root"
  runs='"Entrypoint": ["/bin/'"\${program##*/}"'"]'
fi
tar -C "$work/root" -cf "$work/layer.tar" .
digest=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
cat >"$work/config.json" <<END
{"architecture": "$(dpkg --print-architecture)", "os": "linux",
 "config": {"Env": ["PATH=/bin"], $runs},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]}}
END
names=$(printf '"%s", ' "$@")
cat >"$work/manifest.json" <<END
[{"Config": "config.json", "RepoTags": [\${names%, }], "Layers": ["layer.tar"]}]
END
tar -C "$work" -cf - manifest.json config.json layer.tar | ctr -n k8s.io images import -
`,
}
