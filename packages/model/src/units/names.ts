import { z } from 'zod'
import { oneVisibleLine } from './visible-text.ts'

/** 24 hex digits; labctl takes anything else for a title prefix. */
export const runIdSchema = z.string().regex(/^[0-9a-f]{24}$/, 'must be 24 hex digits')

/** A DNS label (RFC 1123), used for hostnames, networks and playgrounds. */
export const dnsLabelSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be lower-case letters, digits and inner hyphens')

/** A Linux user name as useradd takes it. */
export const userNameSchema = z
  .string()
  .max(32)
  .regex(/^[a-z_][a-z0-9_-]*$/, 'must be a Linux user name: lower-case letters, digits, - and _')

/** A title: one line of visible characters (`visible-text.ts`). */
export const labelSchema = (least: number, most: number) =>
  z
    .string()
    .min(least, `must have at least ${least} character${least === 1 ? '' : 's'}`)
    .max(most, `must have at most ${most} characters`)
    .regex(oneVisibleLine, 'must be one line without control characters and overrides of the direction of text')

/** Of a run's or playground's title. */
export const maxTitleLength = 120

/** Of a run. */
export const titleSchema = z.string().trim().pipe(labelSchema(1, maxTitleLength))
