import { createHash } from 'node:crypto'
import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { err, ok, type Result } from '#core/base/result.ts'
import { ACCESS_SERVER_NAME, CREDENTIAL_PATH, CredentialAnswer, CredentialRefusal } from '#core/lane/access.ts'

/**
 * Asks the agent of a site for a certificate, inside TLS that ends at the agent: the cloud carries the bytes and reads
 * none. The agent is known by its key, whose fingerprint this machine remembers.
 */
export interface CredentialQuestion {
  readonly what: 'kubernetes' | 'talos'
  /** PEM. */
  readonly csr: string
  /** Fingerprints that are believed. */
  readonly trusted: readonly string[]
  /** Proof of who asks, made for this agent and this request. */
  readonly assertion: (agent: string, csr: string) => Promise<Result<string, string>>
}

export interface IssuedCredential {
  readonly answer: CredentialAnswer
  readonly agent: string
}

const TIMEOUT_MS = 20_000
const MAX_ANSWER_CHARS = 256 * 1024

export async function requestCredential(
  connection: Duplex,
  question: CredentialQuestion,
): Promise<Result<IssuedCredential, string>> {
  const secure = await secured(connection)
  if (!secure.ok) return secure
  try {
    const agent = fingerprintOf(secure.value)
    if (agent === undefined || !question.trusted.includes(agent))
      return err(
        `the agent that answers is ${agent ?? 'unknown'}, and this machine trusts ${question.trusted.join(', ') || 'none'}; if the agent was replaced, repeat lanline kubeconfig with --trust-agent`,
      )
    const assertion = await question.assertion(agent, question.csr)
    if (!assertion.ok) return assertion
    const { what, csr } = question
    const said = await post(secure.value, JSON.stringify({ what, csr, assertion: assertion.value }))
    if (!said.ok) return said
    const answer = CredentialAnswer.safeParse(said.value)
    return answer.success
      ? ok({ answer: answer.data, agent })
      : err('the agent answered something else; is it another version?')
  } finally {
    secure.value.destroy()
    connection.destroy()
  }
}

function secured(connection: Duplex): Promise<Result<TLSSocket, string>> {
  return new Promise((resolve) => {
    // No authority vouches for the agent; its key is compared instead, before anything is said.
    const secure = connect({
      socket: connection,
      servername: ACCESS_SERVER_NAME,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
    })
    secure.setTimeout(TIMEOUT_MS, () => secure.destroy(new Error('the agent did not answer in time')))
    secure.once('secureConnect', () => resolve(ok(secure)))
    secure.on('error', (error) => resolve(err(`no TLS with the agent: ${error.message}`)))
    secure.once('close', () => resolve(err('the agent closed the connection')))
  })
}

/** The first ten bytes of the SHA-256 of the raw Ed25519 key, in five groups, as the agent prints it at enrolment. */
function fingerprintOf(secure: TLSSocket): string | undefined {
  const key = secure.getPeerX509Certificate()?.publicKey
  if (key?.asymmetricKeyType !== 'ed25519') return undefined
  const { x } = key.export({ format: 'jwk' })
  if (!x) return undefined
  const hex = createHash('sha256').update(Buffer.from(x, 'base64url')).digest('hex').slice(0, 20)
  return hex.match(/.{4}/g)?.join('-')
}

function post(secure: TLSSocket, body: string): Promise<Result<unknown, string>> {
  return new Promise((resolve) => {
    const asking = request({
      method: 'POST',
      path: CREDENTIAL_PATH,
      host: ACCESS_SERVER_NAME,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      createConnection: () => secure,
      timeout: TIMEOUT_MS,
    })
    asking.on('timeout', () => asking.destroy(new Error('the agent did not answer in time')))
    asking.on('error', (error) => resolve(err(`the agent did not answer: ${error.message}`)))
    asking.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_ANSWER_CHARS) response.destroy(new Error('the answer is too large'))
      })
      response.on('error', (error) => resolve(err(error.message)))
      response.on('end', () => {
        const value = parseJson(text)
        if (response.statusCode === 200) return resolve(ok(value))
        const refusal = CredentialRefusal.safeParse(value)
        resolve(
          err(
            refusal.success
              ? `${refusal.data.text} (${refusal.data.code})`
              : `the agent answered ${response.statusCode}`,
          ),
        )
      })
    })
    asking.end(body)
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
