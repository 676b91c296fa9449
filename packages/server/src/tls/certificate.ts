import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

/** A certificate and its key, both PEM. */
export interface Identity {
  readonly certificate: string
  readonly key: string
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const commonName = '2.5.4.3'
const day = 24 * 3600 * 1000
const authorityDays = 3650
/** Browsers refuse more than 398 days of authorities that everybody trusts; ours keeps to it too. */
export const serverDays = 397

/**
 * Makes a certificate authority that can vouch for `names` alone: domains with all below them, and ranges of addresses (`10.0.0.0/8`). So whoever steals its key fakes no other
 * site to those who trust it (RFC 5280, 4.2.1.10).
 */
export function makeAuthority(title: string, names: readonly string[], now = new Date()): Identity {
  const key = newKey()
  const permitted = names.map((name) => new GeneralSubtree({ base: generalName(name) }))
  return {
    key,
    certificate: issue({
      subject: title,
      publicKeyOf: key,
      issuer: { title, key },
      now,
      days: authorityDays,
      extensions: [
        extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
        extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
        extension(id_ce_nameConstraints, new NameConstraints({ permittedSubtrees: new GeneralSubtrees(permitted) }), true),
      ],
    }),
  }
}

/** Makes a server's certificate for `names` (host names, `*.` before a domain, addresses). `key`: PEM of the server's own; absent: a new one. */
export function makeServerIdentity(
  authority: { readonly title: string; readonly key: string },
  names: readonly string[],
  { key = newKey(), now = new Date() }: { readonly key?: string; readonly now?: Date } = {},
): Identity {
  return {
    key,
    certificate: issue({
      subject: 'Ramet',
      publicKeyOf: key,
      issuer: authority,
      now,
      days: serverDays,
      extensions: [
        extension(id_ce_basicConstraints, new BasicConstraints(), true),
        extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
        extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
        extension(id_ce_subjectAltName, new SubjectAlternativeName(names.map(generalName))),
      ],
    }),
  }
}

interface Issue {
  readonly subject: string
  /** PEM of the private key whose public half is certified. */
  readonly publicKeyOf: string
  readonly issuer: { readonly title: string; readonly key: string }
  readonly now: Date
  readonly days: number
  readonly extensions: readonly Extension[]
}

function issue({ subject, publicKeyOf, issuer, now, days, extensions }: Issue): string {
  const algorithm = new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 })
  const spki = spkiOf(publicKeyOf)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(serialNumber()),
    signature: algorithm,
    issuer: nameOf(issuer.title),
    subject: nameOf(subject),
    // Clocks of clients are behind ours now and then.
    validity: new Validity({
      notBefore: new Date(now.getTime() - day),
      notAfter: new Date(now.getTime() + (days - 1) * day),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(arrayBuffer(spki), SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...extensions,
      extension(id_ce_subjectKeyIdentifier, keyId(spki)),
      extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: keyId(spkiOf(issuer.key)) })),
    ]),
  })
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), createPrivateKey(issuer.key))
  const der = AsnConvert.serialize(
    new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue: arrayBuffer(signature) }),
  )
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** P-256: what every client takes. */
const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey

const spkiOf = (privateKey: string): Buffer => createPublicKey(privateKey).export({ type: 'spki', format: 'der' })

const keyId = (spki: Buffer) => new KeyIdentifier(arrayBuffer(createHash('sha1').update(spki).digest()))

/** Positive, with the first bit of its first byte unset and the second set: DER has one form for it, whatever the other bits are. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

const extension = (extnID: string, value: object, critical = false) =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })

const generalName = (name: string): GeneralName =>
  isIP(name.split('/')[0] ?? '') === 0 ? new GeneralName({ dNSName: name }) : new GeneralName({ iPAddress: name })

const nameOf = (title: string) =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: commonName, value: new AttributeValue({ utf8String: title }) }),
    ]),
  ])

const arrayBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer
