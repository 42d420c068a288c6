import type { Upload } from './route.ts'

/**
 * A multipart body as the API daemon reads it: fields first, then one file whose part begins with its
 * Content-Disposition. Undefined when it is not one.
 */
export interface Multipart {
  readonly fields: readonly (readonly [string, string])[]
  readonly file: Upload | undefined
}

const HEAD_END = '\r\n\r\n'

export function readMultipart(contentType: string, body: Buffer): Multipart | undefined {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (boundary === undefined) return undefined
  const fields: (readonly [string, string])[] = []
  let file: Upload | undefined
  for (const part of partsOf(body, `--${boundary}`)) {
    const headEnd = part.indexOf(HEAD_END)
    if (headEnd < 0) return undefined
    const head = part.subarray(0, headEnd).toString('utf8')
    const content = part.subarray(headEnd + HEAD_END.length)
    const name = /name="([^"]*)"/i.exec(head)?.[1]
    if (name === undefined) return undefined
    const filename = /filename="([^"]*)"/i.exec(head)?.[1]
    // What follows the file is not read any more.
    if (filename !== undefined) {
      file = { filename, bytes: Buffer.from(content) }
      break
    }
    fields.push([name, content.toString('utf8')])
  }
  return { fields, file }
}

/** What stands between two boundaries, without the line ends that belong to them. */
function partsOf(body: Buffer, boundary: string): Buffer[] {
  const parts: Buffer[] = []
  let from = body.indexOf(boundary)
  while (from >= 0) {
    const start = from + boundary.length
    if (body.subarray(start, start + 2).toString() === '--') break
    const next = body.indexOf(`\r\n${boundary}`, start)
    if (next < 0) break
    parts.push(body.subarray(start + 2, next))
    from = next + 2
  }
  return parts
}
