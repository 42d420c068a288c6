import { X509Certificate } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureOwnerKey, ownerKeyPath } from '#cli/recovery/owner-key.ts'
import { startCli } from '#test/support/run-cli.ts'
import { askPlugin, connectBy, getThrough, readKubeconfig, textOf } from '#test/support/tunnel-client.ts'
import { apply, untilReady } from '#tools/stage/clusters.ts'
import { until } from '#tools/stage/until.ts'
import { READY_MS, useStage, type Play } from './support/trip.ts'

/** From a person's machine to a cluster on the LAN, with nothing but the API's address: the way kubectl goes. */
const stage = useStage()
let play: Play
let env: Readonly<Record<string, string>>
let kubeconfig: string
let keyFile: string

const lanline = async (...args: readonly string[]) => await startCli(args, env).ended
const nodes = async (): Promise<number> => {
  const response = await getThrough(kubeconfig, await askPlugin(kubeconfig, env), '/api/v1/nodes')
  return (JSON.parse(await textOf(response)) as { items: readonly unknown[] }).items.length
}

beforeAll(async () => {
  const { url, adminToken } = stage.plane()
  const data = join(stage.dir(), 'data')
  keyFile = ownerKeyPath(join(data, 'lanline'), new URL(url).host.replaceAll(/[^a-z0-9.-]/g, '-'))
  const key = await ensureOwnerKey(keyFile)
  if (!key.ok) throw new Error(key.error)
  kubeconfig = join(stage.dir(), 'kube', 'config')
  env = { LANLINE_URL: url, LANLINE_TOKEN: adminToken, XDG_DATA_HOME: data, KUBECONFIG: kubeconfig }
  play = await stage.play('-tunnel', { ownerKey: key.value.publicKey })
  await apply(stage.api(), [play.story.cluster])
  await untilReady(stage.api(), play.name, READY_MS)
  const met = await lanline('kubeconfig', play.name)
  if (met.code !== 0) throw new Error(met.err)
})
afterAll(async () => void (await lanline('proxy', play.name, '--stop')))

test('[L7] a kubeconfig without a secret reaches the cluster, by a short certificate for a key that stays', async () => {
  const text = readFileSync(kubeconfig, 'utf8')
  expect(text).not.toMatch(/PRIVATE KEY|client-key|lanadmin_|client-certificate/)
  expect(statSync(kubeconfig).mode & 0o777).toBe(0o600)
  const answer = await askPlugin(kubeconfig, env)
  const certificate = new X509Certificate(answer.clientCertificateData)
  expect(certificate.subject.split('\n').toSorted()).toEqual(['CN=lanline:owner', 'O=lanline:admin'])
  expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThanOrEqual(30 * 60_000)
  expect(await nodes()).toBe(3)

  const folder = join(env['XDG_DATA_HOME']!, 'lanline', 'tunnels')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  for (const file of files) expect(statSync(join(file.parentPath, file.name)).mode & 0o077).toBe(0)
  const { items } = await stage.api().get<{ items: readonly { action: string; facts: object }[] }>('/v1/audit?limit=50')
  expect(items.map(({ action }) => action)).toEqual(expect.arrayContaining(['lane.opened', 'credential.issued']))
})

test('[L5][L8] the proxy knows the names of this cluster and no other', async () => {
  const proxy = readKubeconfig(kubeconfig).clusters[0]!.cluster['proxy-url']
  for (const authority of [
    '192.168.1.10:8006',
    '127.0.0.1:22',
    `other.kube.lanline.invalid:6443`,
    `${play.name}.kube.lanline.invalid:22`,
  ])
    await expect(connectBy(proxy, authority)).rejects.toThrow(/^403 .* is not a name of this cluster/)
  expect((await fetch(proxy)).status).toBe(405)
})

test('[L6] a watch ends when the agent is killed in the middle of it, and the next request finds the way again', async () => {
  const answer = await askPlugin(kubeconfig, env)
  const watch = await getThrough(kubeconfig, answer, '/api/v1/nodes?watch=1')
  let events = ''
  watch.on('data', (chunk) => (events += String(chunk)))
  const ended = new Promise((resolve) => watch.once('close', resolve))
  watch.on('error', () => undefined)
  await until('the watch has begun', 10_000, () => events.split('\n').length > 3)
  await play.site.agent().stop('SIGKILL')
  await ended
  play.site.startAgent()
  // While the agent is away its absence is said, and no more.
  expect(await until('nodes are listed again', 60_000, () => nodes().catch(() => undefined))).toBe(3)
})

test('[L7] whoever has another key than the one pinned at enrolment gets no certificate, and is told why', async () => {
  renameSync(keyFile, `${keyFile}.away`)
  const other = await lanline('talosconfig', play.name, '--print')
  expect([other.code, other.out]).toEqual([1, ''])
  expect(other.err).toContain("the owner's key is not here")
  await ensureOwnerKey(keyFile)
  const foreign = await lanline('talosconfig', play.name, '--print')
  expect([foreign.code, foreign.out]).toEqual([1, ''])
  expect(foreign.err).toMatch(/identity-refused/)
  renameSync(`${keyFile}.away`, keyFile)
})

test('[L7] a talosconfig names the true addresses, and its certificate the role', async () => {
  mkdirSync(join(stage.dir(), 'talos'), { recursive: true })
  const printed = await lanline('talosconfig', play.name, '--print')
  expect(printed.err).toContain('You are admin there.')
  expect(printed.out).toMatch(/endpoints:\s+- 192\.168\.1\.5\d/)
  const [, crt = ''] = /crt: (\S+)/.exec(printed.out) ?? []
  expect(new X509Certificate(Buffer.from(crt, 'base64')).subject).toBe('O=os:admin')
})
