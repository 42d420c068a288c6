import type { IncomingMessage } from 'node:http'

/** The text of a body; undefined when there is more than the limit. */
export async function readText(incoming: IncomingMessage, maxChars: number): Promise<string | undefined> {
  let text = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) {
    text += String(chunk)
    if (text.length > maxChars) return undefined
  }
  return text
}

/** undefined when it is no JSON; whoever reads it checks its shape. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
