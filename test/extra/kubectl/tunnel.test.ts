import { execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureOwnerKey, ownerKeyPath } from '#cli/recovery/owner-key.ts'
import { startControlPlane, type ControlPlane } from '#lab/control-plane/start.ts'
import { startCli } from '#test/support/run-cli.ts'
import { freePort } from '#tools/bench/lanes/origin.ts'
import { stageApi } from '#tools/stage/api.ts'
import { apply, untilReady } from '#tools/stage/clusters.ts'
import { joinSite, type Site } from '#tools/stage/stage.ts'
import { homelab } from '#tools/stage/story.ts'

/**
 * The real kubectl, and the real talosctl when LANLINE_TALOSCTL names it, through the tunnel to a cluster of the lab: its
 * Kubernetes API is the lab's, everything between is ours as it runs in life.
 */
const KUBECTL = process.env['LANLINE_KUBECTL'] ?? 'kubectl'
const TALOSCTL = process.env['LANLINE_TALOSCTL']
const found = spawnSync(KUBECTL, ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
const version =
  found.status === 0
    ? (JSON.parse(found.stdout) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion
    : undefined
process.stdout.write(
  `kubectl: ${version ?? 'none on this machine'} against the API of the lab; talosctl: ${TALOSCTL ?? 'LANLINE_TALOSCTL is not set'}\n`,
)

const dir = mkdtempSync(join(tmpdir(), 'lanline-kubectl-'))
const NS = 'kube-system'
let plane: ControlPlane
let site: Site
let env: Record<string, string>
let pod = ''
const cluster = homelab().cluster.metadata.name

const run = async (program: string, args: readonly string[]) =>
  await promisify(execFile)(program, [...args], {
    env: { PATH: process.env['PATH'], HOME: dir, ...env },
    maxBuffer: 64 * 1024 * 1024,
  })
const kubectl = async (...args: readonly string[]): Promise<string> => (await run(KUBECTL, args)).stdout
const failing = (...args: readonly string[]): Promise<{ code: number; stderr: string }> =>
  run(KUBECTL, args).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  )
const lanline = async (...args: readonly string[]) => await startCli(args, env).ended

beforeAll(async () => {
  plane = await startControlPlane({ dir: join(dir, 'plane') })
  const story = homelab()
  const api = stageApi(plane.url, plane.adminToken)
  const key = await ensureOwnerKey(
    ownerKeyPath(join(dir, 'data', 'lanline'), new URL(plane.url).host.replaceAll(/[^a-z0-9.-]/g, '-')),
  )
  if (!key.ok) throw new Error(key.error)
  env = {
    LANLINE_URL: plane.url,
    LANLINE_TOKEN: plane.adminToken,
    XDG_DATA_HOME: join(dir, 'data'),
    KUBECONFIG: join(dir, 'kubeconfig'),
    TALOSCONFIG: join(dir, 'talosconfig'),
  }
  await apply(api, [story.site, story.network, story.machineClass])
  site = await joinSite(plane, {
    name: story.site.metadata.name,
    dir: join(dir, 'site'),
    rate: 60,
    ownerKey: key.value.publicKey,
  })
  await apply(api, [story.cluster])
  await untilReady(api, cluster, 240_000)
  const met = await lanline('kubeconfig', cluster)
  if (met.code !== 0) throw new Error(met.err)
  pod =
    (await kubectl('-n', NS, 'get', 'pods', '-l', 'k8s-app=kube-dns', '-o', 'jsonpath={.items[0].metadata.name}')) ||
    'none'
}, 300_000)
afterAll(async () => {
  await lanline('proxy', cluster, '--stop')
  await site?.close()
  await plane?.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe.runIf(version !== undefined)('kubectl through the tunnel', () => {
  test('reads', async () => {
    expect(await kubectl('get', 'nodes')).toMatch(/talos-node-0 +Ready/)
    expect(await kubectl('get', 'pods', '-A', '-o', 'wide')).toContain(pod)
    expect(await kubectl('version')).toContain('Server Version')
    expect(await kubectl('api-resources')).toContain('nodes')
  })

  test('watches, and the watch goes when it goes', async () => {
    const watching = spawn(KUBECTL, ['get', 'nodes', '-w'], { env: { PATH: process.env['PATH'], HOME: dir, ...env } })
    let seen = ''
    watching.stdout.on('data', (chunk) => (seen += String(chunk)))
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('talos-node-2')
    watching.kill('SIGKILL')
  })

  test('shows logs and follows them', async () => {
    expect(await kubectl('-n', NS, 'logs', pod, '--tail=1')).not.toBe('')
    const following = spawn(KUBECTL, ['-n', NS, 'logs', '-f', pod], {
      env: { PATH: process.env['PATH'], HOME: dir, ...env },
    })
    let seen = ''
    following.stdout.on('data', (chunk) => (seen += String(chunk)))
    await expect.poll(() => seen, { timeout: 20_000 }).toContain('follows 3')
    following.kill('SIGKILL')
  })

  test('runs commands: input, output, errors and the exit code', async () => {
    expect(await kubectl('-n', NS, 'exec', pod, '--', 'echo', 'hello')).toBe('hello\n')
    expect(await failing('-n', NS, 'exec', pod, '--', 'sh', '-c', 'exit 42')).toMatchObject({ code: 42 })
    const input = randomBytes(3_000_000)
    // Not synchronously: the lab answers in this very process.
    const echoing = spawn(KUBECTL, ['-n', NS, 'exec', '-i', pod, '--', 'cat'], {
      env: { PATH: process.env['PATH'], HOME: dir, ...env },
    })
    const pieces: Buffer[] = []
    echoing.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    echoing.stdin.end(input)
    await once(echoing, 'close')
    expect(Buffer.compare(Buffer.concat(pieces), input)).toBe(0)
    expect((await failing('-n', NS, 'exec', 'nosuch', '--', 'true')).stderr).toContain('not found')
  })

  test('copies in and out, byte for byte', async () => {
    const [there, back] = [join(dir, 'there'), join(dir, 'back')]
    writeFileSync(there, randomBytes(5_000_000))
    await kubectl('cp', there, `${NS}/${pod}:/tmp/file`)
    await kubectl('cp', `${NS}/${pod}:/tmp/file`, back)
    expect(Buffer.compare(readFileSync(back), readFileSync(there))).toBe(0)
  })

  test('applies a file, says when nothing changes, and drains a node', async () => {
    const file = join(dir, 'web.yaml')
    const labels = '{app: web}'
    writeFileSync(
      file,
      `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: ${labels}}
  template:
    metadata: {labels: ${labels}}
    spec: {tolerations: [{operator: Exists}], containers: [{name: web, image: nginx}]}
`,
    )
    expect(await kubectl('apply', '-f', file)).toBe('configmap/settings created\ndeployment.apps/web created\n')
    expect(await kubectl('rollout', 'status', 'deploy/web', '--timeout=60s')).toContain('successfully rolled out')
    expect(await kubectl('apply', '-f', file)).toBe('configmap/settings unchanged\ndeployment.apps/web unchanged\n')
    await kubectl('delete', '-f', file)
    expect(await kubectl('drain', 'talos-node-2', '--ignore-daemonsets', '--delete-emptydir-data')).toContain('drained')
    await kubectl('uncordon', 'talos-node-2')
  })

  test('forwards ports, many connections and large ones', async () => {
    const [http, echo] = [await freePort(), await freePort()]
    const ports = [`${http}:80`, `${echo}:7`]
    const forwarding = spawn(KUBECTL, ['-n', NS, 'port-forward', `pod/${pod}`, '--address', '127.0.0.1', ...ports], {
      env: { PATH: process.env['PATH'], HOME: dir, ...env },
    })
    let said = ''
    forwarding.stdout.on('data', (chunk) => (said += String(chunk)))
    await expect.poll(() => said, { timeout: 20_000 }).toContain(`:${echo} -> 7`)
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => await (await fetch(`http://127.0.0.1:${http}/`)).text()),
    )
    expect(new Set(answers)).toEqual(new Set([`${pod} answers on port 80\n`]))
    const sent = randomBytes(2_000_000)
    const socket = connect(echo, '127.0.0.1')
    const pieces: Buffer[] = []
    let size = 0
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      size += piece.length
    })
    socket.write(sent)
    await expect.poll(() => size, { timeout: 30_000 }).toBe(sent.length)
    expect(Buffer.compare(Buffer.concat(pieces), sent)).toBe(0)
    socket.destroy()
    forwarding.kill('SIGKILL')
  })

  test('says who is away when the agent is, and finds the way again', async () => {
    await site.agent().stop('SIGKILL')
    expect((await failing('get', 'nodes')).stderr).toMatch(/agent of the site|not connected|gone away/)
    site.startAgent()
    await expect.poll(async () => (await failing('get', 'nodes')).code, { timeout: 60_000, interval: 500 }).toBe(0)
  })
})

describe.runIf(TALOSCTL !== undefined)('talosctl through the tunnel', () => {
  test('asks every machine, follows, and finds the cluster healthy', async () => {
    const met = await lanline('talosconfig', cluster)
    expect(met.err).toContain('You are admin there.')
    const proxy = await lanline('proxy', cluster)
    env['HTTPS_PROXY'] = proxy.out.trim().split('=')[1] ?? ''
    const talosctl = async (...args: readonly string[]) => (await run(TALOSCTL ?? '', args)).stdout
    expect(await talosctl('version')).toMatch(/NODE: +192\.168\.1\.51[\s\S]*NODE: +192\.168\.1\.5[23]/)
    expect(await talosctl('-n', '192.168.1.51', 'dmesg')).toContain('[talos]')
    expect(await talosctl('-n', '192.168.1.51', 'logs', 'kubelet')).toContain('kubelet')
    expect(await talosctl('-n', '192.168.1.51', 'get', 'members')).toContain('192.168.1.52')
    await talosctl('-n', '192.168.1.51', 'health')
  })
})
