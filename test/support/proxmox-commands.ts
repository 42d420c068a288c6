import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import { Client, ticketHeaders } from '#test/lab/proxmox/client.ts'

/**
 * The command-line tools of a Proxmox host, as far as our own advice uses them: each becomes the API call that the real
 * tool makes of it, by root, on a simulated host. What it does not know is an error, so that no advice goes untried.
 */
export interface ApiCall {
  readonly method: 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly params: Readonly<Record<string, string>>
}

/** `pveum acl modify / --users 'a b'` → its words; a comment behind `#` is left out. */
export const wordsOf = (line: string): readonly string[] =>
  [...line.replace(/\s+#.*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )

export function callOf(words: readonly string[]): ApiCall {
  const at = words.findIndex((word) => word.startsWith('--'))
  const [tool = '', ...given] = at < 0 ? words : words.slice(0, at)
  const params: Record<string, string> = {}
  for (let i = at; at >= 0 && i < words.length; i += 2) params[(words[i] ?? '').slice(2)] = words[i + 1] ?? ''
  const [noun = '', verb = '', third = '', fourth = '', fifth = ''] = given
  switch (`${tool} ${noun} ${verb}`) {
    case 'pveum pool add':
      return { method: 'POST', path: '/pools', params: { poolid: third } }
    case 'pveum user add':
      return { method: 'POST', path: '/access/users', params: { userid: third, ...params } }
    case 'pveum role add':
      return { method: 'POST', path: '/access/roles', params: { roleid: third, ...params } }
    case 'pveum role modify':
      return { method: 'PUT', path: `/access/roles/${third}`, params }
    case 'pveum acl modify':
      return { method: 'PUT', path: '/access/acl', params: { path: third, ...params } }
    case 'pveum user token':
      return { method: third === 'add' ? 'POST' : 'PUT', path: `/access/users/${fourth}/token/${fifth}`, params }
  }
  if (tool === 'pvesm' && noun === 'set') return { method: 'PUT', path: `/storage/${verb}`, params }
  if (tool === 'pvesh' && noun === 'set') return { method: 'PUT', path: verb, params }
  if (tool === 'pvesh' && noun === 'delete') return { method: 'DELETE', path: verb, params }
  throw new Error(`unknown command: ${words.join(' ')}`)
}

/** Types the commands as root, one after another; the secret of a token that one of them made. */
export async function typeCommands(
  host: ProxmoxHost,
  rootPassword: string,
  commands: readonly (readonly string[])[],
): Promise<string | undefined> {
  const root = new Client(host, await ticketHeaders(host, 'root@pam', rootPassword))
  let secret: string | undefined
  for (const words of commands) {
    const { method, path, params } = callOf(words)
    const answer = await root.call(method, path, { params })
    if (answer.status !== 200) throw new Error(`${words.join(' ')}: ${answer.status} ${answer.reason} ${answer.text}`)
    secret = (answer.body?.data as { value?: string } | null)?.value ?? secret
  }
  root.close()
  return secret
}
