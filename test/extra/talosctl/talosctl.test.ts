import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '#test/lab/talos/support/site.ts'
import { NUMBERS, startTalosctlSite, type Said, type TalosctlSite, type Who } from './lab-site.ts'

/**
 * The real talosctl against lab nodes of every supported minor: LANLINE_TALOSCTL names its binary. One after another,
 * as a person would go: configure, bootstrap, look at everything, upgrade, break, recover, reset.
 */
const BINARY = process.env['LANLINE_TALOSCTL']
if (BINARY === undefined)
  process.stdout.write(
    'talosctl: LANLINE_TALOSCTL does not name a talosctl of 1.12 or newer, so no lab node was asked by the real one\n',
  )

const NEXT: Readonly<Record<string, string>> = { 'v1.12.9': 'v1.13.9', 'v1.13.9': 'v1.14.0', 'v1.14.0': 'v1.14.1' }
const SCHEMATIC = 'c'.repeat(64)
const LONG_MS = 120_000
const HOUR_MS = 3_600_000

/** Commands that only look, with what must be in the answer. */
const LOOKS: readonly (readonly [command: string, answer: RegExp])[] = [
  ['version', /Tag: +v1\.1[234]/],
  ['service', /kubelet +Running +OK/],
  ['service etcd', /HEALTH +OK/],
  ['services', /apid +Running/],
  ['etcd members', /cp-3 +https:\/\/192\.168\.1\.53:2380/],
  ['etcd status', /192\.168\.1\.51 +[0-9a-f]{16}/],
  ['etcd alarm list', /^(?!.*error)/s],
  ['etcd defrag', /^(?!.*error)/s],
  ['get members', /worker-1 +worker +Talos/],
  ['get rd', /machinestatuses\.runtime\.talos\.dev/],
  ['get ns', /Namespace +runtime/],
  ['get machinestatus -o yaml', /stage: running/],
  ['get nodeaddress -o json', /"192\.168\.1\.51\/24"/],
  ['get machineconfig v1alpha1 -o jsonpath={.spec}', /type: controlplane/],
  ['get systeminformation', /QEMU/],
  ['get disks', /sda .*QEMU HARDDISK/],
  ['get systemdisk', /sda/],
  ['get discoveredvolumes', /EPHEMERAL/],
  ['get volumestatus', /partition +ready/],
  ['get links', /eth0 .*bc:24:11:00:00:01/],
  ['get addresses', /192\.168\.1\.51\/24/],
  ['get routes', /192\.168\.1\.1/],
  ['get resolvers', /192\.168\.1\.1/],
  ['get hostname', /cp-1/],
  ['get staticpodstatus', /kube-apiserver-cp-1/],
  ['get nodestatus', /cp-1/],
  ['get extensions', /schematic/],
  ['get etcdmembers', /local/],
  ['dmesg', /\[talos\] booting Talos v1\.1/],
  ['logs kubelet', /Health check successful/],
  ['logs etcd --tail 1', /etcd/],
  ['logs -k kube-system/kube-apiserver-cp-1:kube-apiserver', /Serving securely/],
  ['memory', /8192/],
  ['mounts', /\/var/],
  ['stats', /etcd +\d/],
  ['stats -k', /kube-apiserver-cp-1/],
  ['processes', /containerd/],
  ['containers', /registry\.k8s\.io\/etcd/],
  ['containers -k', /kube-system\/kube-apiserver-cp-1/],
  ['time', /time\.cloudflare\.com/],
  ['image list', /coredns/],
  ['image pull docker.io/library/nginx:1.29', /^(?!.*error)/s],
  ['read /etc/os-release', /ID=talos/],
  ['ls /etc', /os-release/],
  ['list -l /', /drwxr-xr-x/],
  ['usage /etc', /\/etc/],
  ['netstat -l', /:50000/],
  ['inspect dependencies', /digraph/],
]

describe.skipIf(BINARY === undefined).each(Object.keys(NEXT))('talosctl and lab nodes of %s', (version) => {
  let lab: TalosctlSite
  beforeAll(async () => {
    lab = await startTalosctlSite(BINARY ?? '', version)
  }, LONG_MS)
  afterAll(() => lab.close())

  const good = (said: Said): string => {
    expect(said.code === 0 ? '' : `${said.code}: ${said.out}`).toBe('')
    return said.out
  }
  const healthy = () => lab.ask(1, 'health', '--wait-timeout', '60s')

  test(
    'apply-config takes a configuration in maintenance mode, and says before what it would do',
    async () => {
      for (const number of NUMBERS) {
        const file = lab.config(number)
        expect(good(await lab.ask(number, 'apply-config', '--insecure', '--dry-run', '-f', file))).toContain('Dry run')
        good(await lab.ask(number, 'apply-config', '--insecure', '-f', file))
      }
      const uuid = await lab.ask(1, 'get', 'systeminformation')
      expect(uuid.out).toBeDefined()
    },
    LONG_MS,
  )

  test(
    'bootstrap makes a cluster of them, and health sees it through',
    async () => {
      await until(async () => (await lab.ask(1, 'bootstrap')).code === 0, 'bootstrap is heard', LONG_MS)
      expect(good(await healthy())).toContain('all k8s nodes to report schedulable: OK')
    },
    LONG_MS,
  )

  test(
    'health finds the same by asking everybody itself',
    async () => {
      const said = good(await lab.ask(1, 'health', '--server=false', '--wait-timeout', '60s'))
      for (const last of ['all control plane components to be ready', 'kube-proxy', 'coredns', 'schedulable'])
        expect(said).toMatch(new RegExp(`${last}.*: OK`))
    },
    LONG_MS,
  )

  test.each(LOOKS)('%s', async (command, answer) => {
    expect(good(await lab.ask(1, ...command.split(' ')))).toMatch(answer)
  })

  test('several nodes are asked through one, and a worker refuses to be the one', async () => {
    const out = good(await lab.ask('192.168.1.51,192.168.1.54', 'services'))
    expect(out).toMatch(/192\.168\.1\.51 +etcd/)
    expect(out).toMatch(/192\.168\.1\.54 +kubelet/)
    expect((await lab.ask(1, '-e', '192.168.1.54', 'version')).out).toContain('no request forwarding')
  })

  test('events, watches and followed logs tell what was and what happens', async () => {
    const followed = await Promise.all([
      lab.follow(1, 'events', '--tail', '-1'),
      lab.follow(1, 'get', 'services', '--watch'),
      lab.follow(1, 'logs', '-f', 'kubelet'),
      lab.follow(1, 'dmesg', '-f'),
    ])
    const [events, watching, following, ringing] = followed
    await events.says(/ServiceStateEvent\s+kubelet +RUNNING/)
    await watching.says(/kubelet/)
    await following.says(/Health check successful/)
    await ringing.says(/booting Talos/)
    expect(good(await lab.ask(1, 'service', 'kubelet', 'restart'))).toContain('restarted')
    await events.says(/kubelet +STOPPING/)
    await watching.says(/kubelet.*kubelet/s)
    await following.says(/service kubelet: Stopping service/)
    await ringing.says(/service\[kubelet\]\(Stopping\)/)
    await Promise.all(followed.map((one) => one.stop()))
  })

  test('kubeconfig and a talosconfig of its own can be had', async () => {
    good(await lab.ask(1, 'kubeconfig', join(lab.dir, 'kubeconfig'), '--force'))
    expect(readFileSync(join(lab.dir, 'kubeconfig'), 'utf8')).toContain('server: https://192.168.1.50:6443')
    good(await lab.ask(1, 'config', 'new', join(lab.dir, 'reader'), '--roles', 'os:reader', '--crt-ttl', '1h'))
    expect(readFileSync(join(lab.dir, 'reader'), 'utf8')).toContain('context: home')
  })

  test('a reader reads and does no more', async () => {
    good(await lab.askAs('os:reader', 1, 'version'))
    for (const command of [
      ['reboot', '--wait=false'],
      ['get', 'machineconfig'],
      ['etcd', 'snapshot', '/dev/null'],
    ])
      expect((await lab.askAs('os:reader', 1, ...command)).out).toContain('not authorized')
  })

  test.each<[string, Who]>([
    ['of a server', { usage: 'server' }],
    ['that is over', { at: Date.now() - 2 * HOUR_MS, lifetimeMs: HOUR_MS }],
    ['of another authority', { foreign: true }],
  ])('a certificate %s opens nothing', async (_, who) => {
    const said = await lab.askAs(who, 1, 'version')
    expect(said.code).not.toBe(0)
    expect(said.out).toContain('code = Unavailable')
  })

  test('a configured node has no insecure service', async () => {
    expect((await lab.ask(1, 'version', '--insecure')).out).toContain('tls: certificate required')
  })

  test('what a person would send to support can be gathered', async () => {
    const said = good(await lab.ask(1, 'support', '-O', join(lab.dir, 'support.zip')))
    expect(said).toContain('Support bundle is written')
    expect(said).not.toMatch(/not registered|not found|Unimplemented/)
  })

  test('apply-config edits a running node, tries, stages and refuses', async () => {
    const file = lab.config(1)
    for (const mode of ['auto', 'no-reboot', 'staged', 'try'])
      expect(good(await lab.ask(1, 'apply-config', '-f', file, '-m', mode, '--dry-run'))).toContain('No changes.')
    for (const mode of ['auto', 'no-reboot', 'staged']) good(await lab.ask(1, 'apply-config', '-f', file, '-m', mode))
    good(await lab.ask(1, 'apply-config', '-f', file, '-m', 'try', '--timeout', '5s'))
    good(await lab.ask(1, 'patch', 'mc', '-p', '{"machine":{"nodeLabels":{"zone":"a"}}}'))
    const rebooted = await lab.ask(1, 'apply-config', '-f', file, '-m', 'reboot', '--dry-run')
    expect(rebooted.out).toContain(version.startsWith('v1.14') ? 'REBOOT mode is not supported' : 'Dry run summary')
  })

  test(
    'reboot waits for another boot',
    async () => {
      expect(good(await lab.ask(4, 'reboot', '--timeout', '60s'))).toContain('post check passed')
    },
    LONG_MS,
  )

  test(
    'upgrade ends with the other version, and rollback with the one before',
    async () => {
      const image = `factory.talos.dev/nocloud-installer/${SCHEMATIC}:${NEXT[version] ?? ''}`
      good(await lab.ask(4, 'upgrade', '-i', image, '--timeout', '60s'))
      expect(good(await lab.ask(4, 'version'))).toContain(`Tag:         ${NEXT[version] ?? ''}`)
      expect((await lab.ask(4, 'upgrade', '-i', image.replace(/:v.*/, ':v1.99.0'))).code).not.toBe(0)
      good(await lab.ask(4, 'rollback'))
      await until(
        async () => (await lab.ask(4, 'version')).out.includes(`Tag:         ${version}`),
        'it is back',
        LONG_MS,
      )
      good(await lab.ask(4, 'upgrade', '-i', image, '--stage', '--timeout', '60s'))
      expect(good(await lab.ask(4, 'version'))).toContain(`Tag:         ${NEXT[version] ?? ''}`)
      good(await healthy())
    },
    LONG_MS,
  )

  test(
    'a control plane forfeits, leaves and is reset, and comes back as another member',
    async () => {
      good(await lab.ask(3, 'etcd', 'forfeit-leadership'))
      good(await lab.ask(3, 'etcd', 'leave'))
      expect(good(await lab.ask(1, 'etcd', 'members'))).not.toContain('cp-3')
      const labels = ['--system-labels-to-wipe', 'STATE', '--system-labels-to-wipe', 'EPHEMERAL']
      good(await lab.ask(3, 'reset', '--graceful=false', '--reboot', ...labels, '--timeout', '60s'))
      await until(
        async () => (await lab.ask(3, 'apply-config', '--insecure', '-f', lab.config(3))).code === 0,
        'it takes a configuration again',
        LONG_MS,
      )
      good(await healthy())
    },
    LONG_MS,
  )

  test(
    'a snapshot is a database by etcd’s own check, and brings the cluster back',
    async () => {
      const file = join(lab.dir, 'etcd.snapshot')
      expect(good(await lab.ask(1, 'etcd', 'snapshot', file))).toMatch(/snapshot info: hash [0-9a-f]{8}, revision \d+/)
      const wiped = ['--graceful=false', '--reboot', '--system-labels-to-wipe', 'EPHEMERAL', '--wait=false']
      await Promise.all([1, 2, 3].map((number) => lab.ask(number, '-e', `192.168.1.${50 + number}`, 'reset', ...wiped)))
      await until(
        async () => (await lab.ask(1, 'bootstrap', '--recover-from', file)).code === 0,
        'the recovery is heard',
        LONG_MS,
      )
      good(await healthy())
    },
    LONG_MS,
  )

  test(
    'a member that is gone is removed by its id, and shutdown ends a node',
    async () => {
      good(await lab.ask(2, 'shutdown', '--timeout', '60s'))
      const asked = await lab.ask(1, 'health', '--server=false', '--wait-timeout', '5s')
      expect(asked.code).not.toBe(0)
      expect(asked.out).toContain('192.168.1.52')
      const members = good(await lab.ask(1, 'etcd', 'members'))
      const id = /(\S+) +cp-2/.exec(members)?.[1] ?? ''
      good(await lab.ask(1, 'etcd', 'remove-member', id))
      expect(good(await lab.ask(1, 'etcd', 'members'))).not.toContain('cp-2')
    },
    LONG_MS,
  )
})
