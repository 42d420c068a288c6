import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { parse } from 'yaml'

/** What kubectl does with a kubeconfig, step by step: ask the plugin, CONNECT through the proxy, TLS, HTTP. */
interface Kubeconfig {
  readonly clusters: readonly {
    readonly name: string
    readonly cluster: Readonly<
      Record<'server' | 'certificate-authority-data' | 'tls-server-name' | 'proxy-url', string>
    >
  }[]
  readonly users: readonly {
    readonly name: string
    readonly user: {
      readonly exec: {
        readonly command: string
        readonly args: readonly string[]
        readonly env?: readonly { readonly name: string; readonly value: string }[]
      }
    }
  }[]
  readonly 'current-context': string
}

export interface PluginAnswer {
  readonly clientCertificateData: string
  readonly clientKeyData: string
  readonly expirationTimestamp: string
}

export const readKubeconfig = (path: string): Kubeconfig => parse(readFileSync(path, 'utf8')) as Kubeconfig

export async function askPlugin(path: string, env: Readonly<Record<string, string>>): Promise<PluginAnswer> {
  const [user] = readKubeconfig(path).users
  const { command, args, env: own = [] } = user!.user.exec
  const variables = Object.fromEntries(own.map(({ name, value }) => [name, value]))
  const { stdout } = await promisify(execFile)(command, [...args], {
    env: { PATH: process.env['PATH'], ...env, ...variables },
  })
  return (JSON.parse(stdout) as { status: PluginAnswer }).status
}

/** A connection through the proxy; the error is the reason phrase that kubectl would show. */
export function connectBy(proxyUrl: string, authority: string): Promise<Socket> {
  const { hostname, port } = new URL(proxyUrl)
  return new Promise((resolve, reject) => {
    const asking = request({ host: hostname, port, method: 'CONNECT', path: authority })
    asking.on('error', reject)
    asking.on('connect', (response, socket) =>
      response.statusCode === 200
        ? resolve(socket)
        : reject(new Error(`${response.statusCode} ${response.statusMessage ?? ''}`)),
    )
    asking.end()
  })
}

export async function getThrough(path: string, answer: PluginAnswer, url: string): Promise<IncomingMessage> {
  const [{ cluster }] = readKubeconfig(path).clusters as [Kubeconfig['clusters'][number]]
  const socket = await connectBy(cluster['proxy-url'], new URL(cluster.server).host)
  const secure: TLSSocket = connect({
    socket,
    servername: cluster['tls-server-name'],
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    cert: answer.clientCertificateData,
    key: answer.clientKeyData,
  })
  return new Promise((resolve, reject) => {
    secure.on('error', reject)
    const asking = request({ path: url, host: 'kubernetes', createConnection: () => secure })
    asking.on('error', reject)
    asking.on('response', resolve)
    asking.end()
  })
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) text += String(chunk)
  return text
}
