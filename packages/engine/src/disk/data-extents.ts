import { type RunOptions, run } from '../process/run-process.ts'

/** A part of a file that is not a hole. */
export interface DataExtent {
  readonly start: number
  readonly length: number
}

export interface PartOfFile {
  readonly file: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Tells where a part of a sparse file has data, counted from the part's beginning (qemu-img(1), `map`: SEEK_DATA). There may be as many as blocks. */
export async function eachDataExtent(
  { file, offsetBytes, sizeBytes }: PartOfFile,
  onExtent: (extent: DataExtent) => void,
  options: Pick<RunOptions, 'signal' | 'timeoutMs'> = {},
): Promise<void> {
  const part = `driver=raw,offset=${offsetBytes},size=${sizeBytes},file.driver=file,file.filename=${file.replaceAll(',', ',,')}`
  const onStdoutLine = (line: string) => {
    const [start, length] = ['start', 'length'].map((key) => Number(new RegExp(`"${key}": (\\d+)`).exec(line)?.[1]))
    if (/"data": true/.test(line)) onExtent({ start: start as number, length: length as number })
  }
  await run(['qemu-img', 'map', '--output=json', '--image-opts', part], { ...options, onStdoutLine })
}
