import { Document, visit } from 'yaml'
import { isSteering, visibleJson } from './visible-text.ts'

/** Plain data as YAML that reads back as the same. Control characters are escaped, so that it can be read on a terminal; lines are not folded, so that long texts stay as they are. */
export function printYaml(content: unknown): string {
  const document = new Document(content, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (_, scalar) => {
      // Only double quotes have escapes (YAML 1.2.2, 5.7).
      if (typeof scalar.value === 'string' && isSteering(scalar.value)) scalar.type = 'QUOTE_DOUBLE'
    },
  })
  return visibleJson(document.toString({ lineWidth: 0 }))
}
