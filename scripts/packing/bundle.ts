import { type InputOptions, type OutputOptions, rolldown } from 'rolldown'

interface Bundle extends Pick<InputOptions, 'platform' | 'transform'>, Pick<OutputOptions, 'banner'> {
  readonly input: string
  readonly file: string
}

/** Writes a program with all that it imports into one file. By rolldown, which the web app's bundler stands on and is here anyway. */
export async function bundle({ input, file, platform, transform, banner }: Bundle): Promise<void> {
  const made = await rolldown({ input, logLevel: 'warn', ...(platform ? { platform } : {}), ...(transform ? { transform } : {}) })
  await made.write({ file, format: 'esm', codeSplitting: false, ...(banner ? { banner } : {}) })
  await made.close()
}
