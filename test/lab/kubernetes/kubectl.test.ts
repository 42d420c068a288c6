import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSocksServer, type SocksServer } from '#lab/lan/socks-server.ts'
import { newBundle } from '../talos/support/bundle.ts'
import { secure } from '../talos/support/client.ts'
import { bringUp } from '../talos/support/cluster.ts'
import { aGuest, newSite, until, type Site } from '../talos/support/site.ts'

/** An extra: the real kubectl is the one judge of whether this is enough of a Kubernetes API. */
const run = promisify(execFile)
const found = await run('kubectl', ['version', '--client']).then(
  ({ stdout }) => stdout.split('\n')[0],
  () => undefined,
)

const guests = [1, 2].map((number) => aGuest(number))
let site: Site
let socks: SocksServer
let dir: string
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lanline-kubectl-'))
  site = newSite()
  socks = await startSocksServer(site.lan, 500)
  if (found === undefined) return
  const bundle = await newBundle()
  await bringUp(site, bundle, guests)
  const { machine } = await secure(site.lan, guests[0]?.address ?? '', bundle)
  const chunks: Uint8Array[] = []
  for await (const data of machine.kubeconfig({})) chunks.push(data.bytes)
  const config = gunzipSync(Buffer.concat(chunks)).subarray(512).toString()
  writeFileSync(join(dir, 'config'), config.replace('    server:', `    proxy-url: ${socks.url}\n      server:`), {
    mode: 0o600,
  })
})
afterAll(async () => {
  await socks.close()
  await site.close()
  rmSync(dir, { recursive: true })
})

const kubectl = (...args: string[]) =>
  run('kubectl', ['--kubeconfig', join(dir, 'config'), `--cache-dir=${join(dir, 'cache')}`, ...args])

describe('the real kubectl, through the SOCKS server and the VIP', () => {
  test('prints nodes and pods, follows, cordons and deletes', async ({ skip }) => {
    if (found === undefined) {
      process.stdout.write('extra: no kubectl here; the check by the real kubectl did not run\n')
      skip('no kubectl')
    }
    process.stdout.write(`extra: ran with kubectl, ${found ?? ''}\n`)
    const nodes = (await kubectl('get', 'nodes', '-o', 'wide')).stdout
    expect(nodes).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\s+INTERNAL-IP/)
    expect(nodes).toMatch(/cp-1\s+Ready\s+control-plane\s+\d+s\s+v1\.36\.3\s+192\.168\.1\.51/)
    expect((await kubectl('get', 'pods', '-n', 'kube-system')).stdout).toMatch(/kube-apiserver-cp-2\s+1\/1\s+Running/)
    const sets = (await kubectl('get', 'ds,deploy,rs', '-n', 'kube-system')).stdout
    expect(sets).toMatch(/daemonset\.apps\/kube-proxy\s+2\s+2\s+2\s+2\s+2\s+<none>/)
    expect(sets).toMatch(/deployment\.apps\/coredns\s+\d\/2/)
    await kubectl('rollout', 'status', 'daemonset/kube-flannel', '-n', 'kube-system', '--timeout=5s')
    expect((await kubectl('get', 'node', 'cp-1', '-o', 'jsonpath={.status.nodeInfo.kubeletVersion}')).stdout).toBe(
      'v1.36.3',
    )
    expect((await kubectl('wait', 'node', '--all', '--for=condition=Ready', '--timeout=5s')).stdout).toContain(
      'node/cp-2 condition met',
    )
    await kubectl('taint', 'node', 'cp-2', 'gpu=yes:NoSchedule')
    expect((await kubectl('get', 'node', 'cp-2', '-o', 'jsonpath={.spec.taints[*].key}')).stdout).toContain('gpu')
    await kubectl('taint', 'node', 'cp-2', 'gpu-')
    await kubectl('cordon', 'cp-2')
    expect((await kubectl('get', 'no')).stdout).toMatch(/cp-2\s+Ready,SchedulingDisabled/)
    await kubectl('uncordon', 'cp-2')
    expect((await kubectl('get', '--raw', '/readyz')).stdout).toBe('ok')
    expect((await kubectl('version')).stdout).toContain('Server Version: v1.36.3')
  }, 20_000)

  test('drains a node as far as a budget allows, scales, deletes and follows pods', async ({ skip }) => {
    if (found === undefined) skip('no kubectl')
    const manifest = join(dir, 'web.yaml')
    writeFileSync(manifest, WEB)
    await kubectl('create', '-f', manifest, '--validate=false')
    const web = () => kubectl('get', 'pods', '-l', 'app=web', '-o', 'wide', '--no-headers')
    await until(async () => ((await web()).stdout.match(/Running/g) ?? []).length === 2, 'two run')
    expect((await kubectl('get', 'pdb')).stdout).toMatch(/web\s+1\s+N\/A\s+1/)
    const drain = ['drain', 'cp-1', '--ignore-daemonsets', '--delete-emptydir-data', '--force']
    expect((await kubectl(...drain, '--timeout=30s')).stdout).toContain('node/cp-1 drained')
    expect((await web()).stdout).not.toMatch(/cp-1/)
    await kubectl('uncordon', 'cp-1')
    await kubectl('scale', 'deployment/web', '--replicas=3')
    await kubectl('wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=3', '--timeout=10s')
    const [pod = ''] = (await web()).stdout.split(/\s/)
    expect((await kubectl('delete', 'pod', pod)).stdout).toContain(`pod "${pod}" deleted`)
    const watching = run('timeout', ['1', 'kubectl', '--kubeconfig', join(dir, 'config'), 'get', 'pods', '-A', '-w'])
    const seen = await watching.catch((ended: { stdout: string }) => ended)
    expect(seen.stdout).toMatch(/^NAMESPACE\s+NAME\s+READY\s+STATUS/)
    expect(seen.stdout).toMatch(/default\s+web-/)
    expect((await kubectl('delete', 'node', 'cp-2')).stdout).toContain('node "cp-2" deleted')
  }, 60_000)
})

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx}]
      volumes: [{name: scratch, emptyDir: {}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`
