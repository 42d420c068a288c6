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
import { aGuest, newSite, type Site } from '../talos/support/site.ts'

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
    await kubectl('cordon', 'cp-2')
    expect((await kubectl('get', 'no')).stdout).toMatch(/cp-2\s+Ready,SchedulingDisabled/)
    expect((await kubectl('delete', 'node', 'cp-2')).stdout).toContain('node "cp-2" deleted')
    expect((await kubectl('get', '--raw', '/readyz')).stdout).toBe('ok')
    expect((await kubectl('version')).stdout).toContain('Server Version: v1.36.3')
  }, 20_000)
})
