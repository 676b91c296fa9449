/**
 * Where no guest may go, wherever it runs; both walls of a run read this one list. Not the host's LAN: machines may use what the host's neighbours offer,
 * as the host itself may. IPv6 leaves no run at all, so fd00:ec2::254 (AWS) and fd20:ce::254 (Google) need no entry.
 */
export const walled: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  // Link-local; 169.254.169.254 gives out a cloud host's credentials.
  '169.254.0.0/16',
  // Azure's wire server, which hands a host's certificates to whoever asks from it ("What is IP address 168.63.129.16", learn.microsoft.com).
  '168.63.129.16',
  // Metadata of Alibaba Cloud (ECS, "Access instance metadata").
  '100.100.100.200',
  // IETF protocol assignments (RFC 6890); 192.0.0.192 is the metadata service of Oracle's Compute Classic.
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
