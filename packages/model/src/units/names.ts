import { z } from 'zod'
import { lineSchema } from './plain-text.ts'

/** 24 hex digits; labctl takes anything else for a title prefix. */
export const runIdSchema = z.string().regex(/^[0-9a-f]{24}$/, 'must be 24 hex digits')

/** A DNS label (RFC 1123), used for hostnames, networks and playgrounds. */
export const dnsLabelSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be lower-case letters, digits and inner hyphens')

/** A DNS label made from a title: `Größe & Wert 🚀` becomes `grosse-wert`; one without a letter or digit of ASCII becomes `playground`. */
export function labelFromTitle(title: string): string {
  const plain = title
    .normalize('NFKD')
    .replaceAll('ß', 'ss')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
  const label = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 54)
    .replace(/^-+|-+$/g, '')
  return label === '' ? 'playground' : label
}

/** A Linux user name as useradd takes it. */
export const userNameSchema = z
  .string()
  .max(32)
  .regex(/^[a-z_][a-z0-9_-]*$/, 'must be a Linux user name: lower-case letters, digits, - and _')

/** Of a run's or playground's title. */
export const maxTitleLength = 120

/** Names a task and its folder in the guest. */
export const taskNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be up to 63 letters, digits, dots, - and _, beginning with a letter or digit')

/** `user`, `user:group` or ids, as chown takes it; 4294967295 is no id (chown(2): -1). */
export const fileOwnerSchema = z
  .string()
  .regex(/^[a-z0-9_][a-z0-9_-]{0,31}(:[a-z0-9_][a-z0-9_-]{0,31})?$/, 'must be a user or user:group')
  .refine(
    (owner) => owner.split(':').every((each) => !/^\d+$/.test(each) || Number(each) < 4_294_967_295),
    'must have ids below 4294967295',
  )

/** Of a run. */
export const titleSchema = z.string().trim().pipe(lineSchema(1, maxTitleLength))
