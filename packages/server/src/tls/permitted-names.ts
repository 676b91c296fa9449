import { X509Certificate } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate, id_ce_nameConstraints, NameConstraints } from '@peculiar/asn1-x509'

/** What an authority may vouch for, as it was given to `makeAuthority`. PEM. */
export function permittedOf(certificate: string): ReadonlySet<string> {
  const { raw } = new X509Certificate(certificate)
  const { extensions } = AsnConvert.parse(raw, Certificate).tbsCertificate
  const found = extensions?.find(({ extnID }) => extnID === id_ce_nameConstraints)
  if (!found) return new Set()
  const { permittedSubtrees } = AsnConvert.parse(found.extnValue.buffer, NameConstraints)
  return new Set(permittedSubtrees?.map(({ base }) => base.dNSName ?? base.iPAddress ?? ''))
}
