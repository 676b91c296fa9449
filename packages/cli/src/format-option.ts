import { Option } from 'commander'

const formats = ['table', 'json', 'yaml'] as const
export type Format = (typeof formats)[number]

/** `-o json` and `-o yaml` print the API's own objects. */
export const formatOption = () => new Option('-o, --output <format>', 'how to print').choices(formats).default('table')
