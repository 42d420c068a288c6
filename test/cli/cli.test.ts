import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ClusterStatus } from '#core/model/status.ts'
import { PENDING_AGENT, FAKE_TOKEN, startFakeApi, type FakeApi } from '#test/support/fake-api.ts'
import { callCli, runCli, startCli, REPOSITORY } from '#test/support/run-cli.ts'

/**
 * The real CLI against a real server on loopback: what people and scripts see. As a process where the process matters,
 * as a call elsewhere, because a start costs a third of a second.
 */
/** Several processes start in a test, and a busy machine starts them slowly. */
vi.setConfig({ testTimeout: 30_000 })

const HOMELAB = 'examples/homelab.yaml'

let api: FakeApi
let folder = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanline-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(async () => {
  api = await startFakeApi()
  env = { LANLINE_URL: api.url, LANLINE_TOKEN: FAKE_TOKEN, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
})
afterEach(() => api.close())

const status = (changes: Partial<ClusterStatus> = {}): ClusterStatus => ({
  phase: 'ready',
  observedGeneration: 1,
  bootstrapped: true,
  machines: [0, 1, 2].map((index) => ({
    name: `talos-node-${index}`,
    machineId: `00000000-0000-4000-8000-00000000000${index}`,
    role: 'controlplane',
    phase: 'ready',
    address: `192.168.1.5${index + 1}`,
    host: 'prod-srv-01',
    vmid: 5000 + index,
  })),
  waiting: [],
  findings: [],
  ...changes,
})

const applied = () => callCli(['apply', '-f', HOMELAB], env)

describe('apply', () => {
  test('says what was created, then what stayed', async () => {
    expect(await runCli(['apply', '-f', HOMELAB], env)).toMatchObject({
      code: 0,
      out: 'site/home created\nnetwork/lan created\nmachineclass/cp-small created\ncluster/home created\n',
    })
    expect((await applied()).out).toContain('cluster/home unchanged')
  })

  test('a dry run says so and changes nothing', async () => {
    api.setPlans({
      home: {
        operations: [{ kind: 'secrets.create', subject: 'home' }],
        holds: [{ code: 'agent-offline', subject: 'home', text: 'The agent is away.', unblock: 'Start it.' }],
        findings: [{ code: 'fits-exactly', text: 'It fits exactly: nothing is left on prod-srv-01.' }],
      },
    })
    const run = await callCli(['apply', '-f', HOMELAB, '--dry-run'], env)
    expect(run).toMatchObject({ code: 0, out: expect.stringContaining('cluster/home created (dry run)') })
    expect(run.err.split('\n')).toEqual([
      '',
      'Cluster home',
      '  It fits exactly: nothing is left on prod-srv-01.',
      '  1 operation to come:',
      '    secrets.create  home',
      '  waits: home  The agent is away.',
      '         Start it.',
      'Nothing was applied: this was a dry run.',
      '',
    ])
    expect((await callCli(['get', 'clusters', '-o', 'name'], env)).out).toBe('')
  })

  test('shows the errors of the API where they are in the file', async () => {
    api.refuseNextApply('reference-missing', [
      {
        pointer: '/documents/3/spec/controlPlane/class',
        path: 'spec.controlPlane.class',
        code: 'reference-missing',
        message: 'there is no MachineClass "cp-small"',
        hint: 'did you mean "cp-tiny"?',
      },
    ])
    const run = await applied()
    const line = (await readFile(`${REPOSITORY}${HOMELAB}`, 'utf8')).split('\n').indexOf('    class: cp-small') + 1
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err.split('\n')).toEqual([
      `${HOMELAB}:${line}:12  spec.controlPlane.class  there is no MachineClass "cp-small"; did you mean "cp-tiny"?`,
      `${String(line).padStart(5)} |     class: cp-small`,
      '      |            ^^^^^^^^',
      'error: A document refers to something that does not exist.',
      '  Apply the missing document together with this one.',
      '  (reference-missing, request req-1)',
      'Nothing was applied.',
      '',
    ])
  })

  test('a bad file never reaches the API', async () => {
    const run = await runCli(['apply', '-f', '-'], env, 'kind: Clutser\n')
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toBe(
      'stdin:1:7  kind  unknown kind "Clutser"; did you mean "Cluster"?\n    1 | kind: Clutser\n      |       ^^^^^^^\nNothing was applied.\n',
    )
    expect(api.requests).toEqual([])
  })

  test('--wait tells the story in plain lines and ends when the cluster is ready', async () => {
    api.setStatus('home', status({ phase: 'creating', machines: [] }))
    const running = startCli(['apply', '-f', HOMELAB, '--wait'], env)
    await running.until('home: creating')
    api.setStatus('home', status())
    // Repeated until it is heard: the CLI may still be connecting.
    const nudge = setInterval(
      () => api.emit('home', { at: 0, type: 'phase', subject: 'home', text: 'ready', facts: {} }),
      200,
    )
    const ended = await running.ended
    clearInterval(nudge)
    expect(ended.code).toBe(0)
    expect(ended.err).toContain('home: ready\nhome/talos-node-0: ready\n')
    expect(ended.err).toMatch(/home is ready after \d+s\.\n$/)
    // What happened before is in the first look; thousands of old events would only repeat it.
    expect(api.requests).toContain('UPGRADE /v1/clusters/home/events?after=now')
  })

  test('--wait shows the steps of operations, which no answer of the API holds', async () => {
    const operation = { operationId: 'op-1', kind: 'machine.create' as const, state: 'running' as const, since: 0 }
    const [first] = status().machines
    api.setStatus('home', status({ phase: 'creating', machines: [{ ...first!, phase: 'reserved', operation }] }))
    const running = startCli(['apply', '-f', HOMELAB, '--wait'], env)
    await running.until('home/talos-node-0: machine.create: running')
    const facts = { operationId: 'op-1', step: 'importing the disk' }
    const tell = () => api.emit('home', { at: 0, type: 'progress', subject: 'talos-node-0', text: 'x', facts })
    const nudge = setInterval(tell, 200)
    await running.until('home/talos-node-0: machine.create: importing the disk')
    clearInterval(nudge)
    running.process.kill('SIGINT')
    expect((await running.ended).code).toBe(3)
  })

  test('--wait ends with 6 when only a person can help, and with 7 when the time is over', async () => {
    const hold = { code: 'needs-human' as const, subject: 'talos-node-0', facts: { operationId: 'op-1' }, since: 0 }
    api.setStatus('home', status({ phase: 'creating', waiting: [hold] }))
    const stuck = await callCli(['apply', '-f', HOMELAB, '--wait'], env)
    expect(stuck.code).toBe(6)
    expect(stuck.err).toContain('home will not become ready until a person acts:')
    expect(stuck.err).toContain('lanline operations retry op-1')

    api.setStatus('home', status({ phase: 'creating' }))
    const late = await callCli(['apply', '-f', HOMELAB, '--wait', '--timeout', '1s'], env)
    expect(late).toMatchObject({ code: 7, err: expect.stringContaining('See why: lanline describe cluster home') })
  })

  test('Ctrl-C stops the waiting, says that the work goes on, and exits with 3', async () => {
    api.setStatus('home', status({ phase: 'creating' }))
    const running = startCli(['apply', '-f', HOMELAB, '--wait'], env)
    await running.until('home: creating')
    running.process.kill('SIGINT')
    expect(await running.ended).toMatchObject({ code: 3, err: expect.stringContaining('the work goes on without you') })
  })
})

describe('get and describe', () => {
  test('tables, names, JSON and YAML of the same objects', async () => {
    await applied()
    api.setStatus('home', status())
    const table = await callCli(['get', 'clusters'], env)
    expect(table.out.split('\n').map((line) => line.replace(/ +\S+$/, ''))).toEqual([
      'NAME   PHASE   READY   TALOS     KUBERNETES',
      'home   ready   3/3     v1.13.9   v1.36.3',
      '',
    ])
    expect((await callCli(['get', 'machines', '-o', 'name'], env)).out).toBe(
      'machine/talos-node-0\nmachine/talos-node-1\nmachine/talos-node-2\nmachine/nas\n',
    )
    const json: unknown = JSON.parse((await callCli(['get', 'cluster', 'home', '-o', 'json'], env)).out)
    expect(json).toMatchObject({
      kind: 'Cluster',
      metadata: { name: 'home', generation: 1 },
      status: { phase: 'ready' },
    })
    expect((await callCli(['get', 'network', 'lan', '-o', 'yaml'], env)).out).toContain('  cidr: 192.168.1.0/24\n')
  })

  test('a machine that Lanline keeps stands among the machines, with its phase and its place', async () => {
    const router = [
      'apiVersion: lanline/v1alpha1',
      'kind: Machine',
      'metadata: {name: router}',
      'spec: {site: home, mode: managed, class: cp-small, nics: [{network: lan}]}',
    ]
    await applied()
    expect(await runCli(['apply', '-f', '-'], env, router.join('\n'))).toMatchObject({ code: 0 })
    const [machine] = status().machines
    api.setStatus('router', {
      ...status(),
      machines: [{ ...machine!, name: 'router', role: 'worker', phase: 'running', host: 'prod-srv-01', vmid: 5007 }],
    })
    const rows = async (what: string) =>
      (await callCli(['get', what], env)).out.split('\n').map((line) => line.split(/ {2,}/).map((cell) => cell.trim()))
    expect(await rows('machines')).toContainEqual(
      expect.arrayContaining(['router', 'managed', 'running', 'prod-srv-01']),
    )
    expect((await rows('machine')).length).toBeGreaterThan(1)
  })

  test('a list is all pages', async () => {
    const classes = [1, 2, 3, 4, 5].map(
      (n) =>
        `apiVersion: lanline/v1alpha1\nkind: MachineClass\nmetadata: {name: c${n}}\nspec: {cpu: 2, memory: 2Gi, disks: [{size: 10Gi}]}\n`,
    )
    expect(await runCli(['apply', '-f', '-'], env, classes.join('---\n'))).toMatchObject({ code: 0 })
    const list = await callCli(['get', 'machineclasses', '-o', 'name'], env)
    expect(list.out.trim().split('\n')).toHaveLength(5)
  })

  test('hosts show the arithmetic of the site', async () => {
    await applied()
    const lines = (await callCli(['get', 'hosts', '-o', 'wide'], env)).out
      .split('\n')
      .map((line) => line.split(/ {2,}/))
    expect(lines.slice(0, 2).map((cells) => cells.map((cell) => cell.trim()))).toEqual([
      [
        'SITE',
        'NAME',
        'ONLINE',
        'CPU TOTAL',
        'MEMORY TOTAL',
        'CPU HOST',
        'MEMORY HOST',
        'CPU RESERVED',
        'MEMORY RESERVED',
        'CPU ADOPTED',
        'MEMORY ADOPTED',
        'CPU FOREIGN',
        'MEMORY FOREIGN',
        'CPU MANAGED',
        'MEMORY MANAGED',
        'CPU FREE',
        'MEMORY FREE',
      ],
      [
        'home',
        'prod-srv-01',
        'yes',
        '36',
        '88Gi',
        '2',
        '8Gi',
        '16',
        '24Gi',
        '6',
        '32Gi',
        '0',
        '0Gi',
        '12',
        '24Gi',
        '0',
        '0Gi',
      ],
    ])
  })

  test('describe shows why a cluster waits and what would end it', async () => {
    await applied()
    const since = Date.now() - 90_000
    api.setStatus(
      'home',
      status({ phase: 'waiting', waiting: [{ code: 'agent-offline', subject: 'home', facts: {}, since }] }),
    )
    const { out, code } = await callCli(['describe', 'cluster', 'home'], env)
    expect(code).toBe(0)
    expect(out).toMatch(
      /Waits for:\n {2}home {2}The agent of the site is not connected\. {2}\(agent-offline, for 1m 3\ds\)\n {4}Start the agent/,
    )
    expect(out).toContain('Machines:\n  NAME')
    expect((await callCli(['describe', 'site', 'home'], env)).out).toContain('memory 88Gi − 8Gi host')
  })

  test('describe says which Talos a cluster was created with', async () => {
    await applied()
    api.setStatus('home', status({ talosContract: '1.13' }))
    const { out } = await callCli(['describe', 'cluster', 'home'], env)
    expect(out).toContain('Contract:    Talos 1.13, kept when Talos is upgraded\n')
  })

  test('what does not exist is a failure with the advice and the request id', async () => {
    const run = await callCli(['get', 'cluster', 'nope'], env)
    expect(run).toMatchObject({ code: 1, out: '' })
    expect(run.err).toContain('error: There is no such thing here.\n')
    expect(run.err).toContain('(not-found, request req-1)')
  })
})

describe('delete', () => {
  test('asks for nothing without a terminal: it wants --yes, or the name where the object wants it', async () => {
    await applied()
    expect(await callCli(['delete', 'machineclass', 'cp-small'], env)).toMatchObject({
      code: 2,
      err: 'There is no terminal to ask on.\nRepeat with --yes.\n',
    })
    expect(await callCli(['delete', 'cluster', 'home', '--yes'], env)).toMatchObject({
      code: 6,
      err: expect.stringContaining('Repeat with: --confirm home'),
    })
    expect((await callCli(['delete', 'cluster', 'home', '--confirm', 'hom'], env)).code).toBe(2)
    expect(api.requests.filter((request) => request.startsWith('DELETE'))).toEqual([])
  })

  test('a cluster goes with its confirmation, the others only when nothing refers to them', async () => {
    await applied()
    const referenced = await callCli(['delete', 'network', 'lan', '-y'], env)
    expect(referenced).toMatchObject({ code: 6, err: expect.stringContaining('by: Cluster/home') })

    const cluster = await callCli(['delete', 'cluster', 'home', '--confirm', 'home', '--wait'], env)
    expect(cluster).toMatchObject({ code: 0, out: 'cluster/home deleting\n' })
    expect(cluster.err).toMatch(/^home is gone after \d+s\.\n$/)
    expect(await callCli(['delete', 'network', 'lan', '-y'], env)).toMatchObject({
      code: 0,
      out: 'network/lan deleted\n',
    })
  })
})

describe('forget', () => {
  test('a cluster is let go by its name only, and only clusters and machines leave something running', async () => {
    await applied()
    expect(await callCli(['forget', 'cluster', 'home'], env)).toMatchObject({
      code: 6,
      err: expect.stringContaining('Repeat with: --confirm home'),
    })
    expect(await callCli(['forget', 'cluster', 'home', '--confirm', 'hom'], env)).toMatchObject({ code: 2 })
    expect(await callCli(['forget', 'network', 'lan'], env)).toMatchObject({
      code: 2,
      err: expect.stringContaining('lanline delete network lan'),
    })
    expect(await callCli(['forget', 'cluster', 'home', '--confirm', 'home'], env)).toMatchObject({
      code: 0,
      out: 'cluster/home forgotten\n',
    })
    expect((await callCli(['get', 'cluster', 'home'], env)).code).not.toBe(0)
  })
})

describe('a managed machine', () => {
  const file = () => join(folder, 'nas.yaml')
  beforeAll(() =>
    writeFile(
      file(),
      'apiVersion: lanline/v1alpha1\nkind: Machine\nmetadata: { name: nas }\n' +
        'spec: { site: home, mode: managed, class: cp-small, nics: [{ network: lan, ip: 192.168.1.77 }] }\n',
    ),
  )

  test('is planned by a dry run as a cluster is', async () => {
    await applied()
    const hosts = [{ host: 'prod-srv-01', says: 'chosen: 54% full with it' }]
    const operations = [{ kind: 'machine.create', subject: 'nas' }]
    const placement = [{ machine: 'nas', host: 'prod-srv-01', hosts }]
    api.setPlans({}, { nas: { operations, holds: [], findings: [], placement } })
    const run = await callCli(['apply', '-f', file(), '--dry-run'], env)
    expect(run.err.split('\n').slice(1, -2)).toEqual([
      'Machine nas',
      '  nas → prod-srv-01',
      '  1 operation to come:',
      '    machine.create  nas',
    ])
  })

  test('is forgotten by its name, and its guest left alone', async () => {
    await applied()
    await callCli(['apply', '-f', file()], env)
    expect(await callCli(['forget', 'machine', 'nas'], env)).toMatchObject({
      code: 6,
      err: expect.stringContaining('Machine nas is forgotten only with its name'),
    })
    expect(await callCli(['forget', 'machine', 'nas', '--confirm', 'nas', '--wait'], env)).toMatchObject({
      code: 0,
      out: 'machine/nas forgotten\n',
      err: expect.stringMatching(/^nas is gone after \d+s\.\n$/),
    })
    expect(api.requests).toContain('POST /v1/machines/nas/forget?confirm=nas')
  })

  test('is described with its phase, why it waits, and its operations', async () => {
    await applied()
    await callCli(['apply', '-f', file()], env)
    const facts = { problem: 'no-capacity', arithmetic: '8 − 8 = 0 free' }
    const since = Date.now() - 90_000
    api.setStatus('nas', status({ phase: 'waiting', waiting: [{ code: 'not-placed', subject: 'nas', facts, since }] }))
    const { out, code } = await callCli(['describe', 'machine', 'nas'], env)
    expect(code).toBe(0)
    expect(out).toMatch(/Waits for:\n {2}nas {2}.*8 − 8 = 0 free.*\(not-placed, for 1m 3\ds\)/)
    expect(out).toContain('class: cp-small')
    expect(api.requests).toContainEqual(expect.stringMatching(/^GET \/v1\/operations\?.*machine=nas/))
  })

  test('is waited for until it is gone', async () => {
    await applied()
    await callCli(['apply', '-f', file()], env)
    expect(await callCli(['delete', 'machine', 'nas', '--yes', '--wait'], env)).toMatchObject({
      code: 0,
      out: 'machine/nas deleting\n',
      err: expect.stringMatching(/^nas is gone after \d+s\.\n$/),
    })
  })
})

describe('events', () => {
  const event = (text: string) => ({
    at: 3_600_000,
    type: 'machine' as const,
    subject: 'talos-node-0',
    text,
    facts: {},
  })

  test('without --watch, gives what was kept and ends', async () => {
    await applied()
    api.emit('home', event('created'))
    api.emit('home', event('running'))
    api.emit('home', event('talos-node-0: ready'))
    const run = await runCli(['events', 'home', '--after', '1'], env)
    expect(run).toMatchObject({
      code: 0,
      out: '    2  01:00:00  machine    talos-node-0  running\n    3  01:00:00  machine    talos-node-0: ready\n',
    })
  })

  test('with --watch, goes on after a cut without losing or repeating one', async () => {
    await applied()
    api.emit('home', event('created'))
    const running = startCli(['events', 'home', '-w', '-o', 'json'], env)
    await running.until('created')
    api.cutFollowers()
    api.emit('home', event('running'))
    await running.until('running')
    running.process.kill('SIGINT')
    const { out, code } = await running.ended
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    ).toEqual([1, 2])
    expect(code).toBe(0)
    expect(api.requests.filter((request) => request.startsWith('UPGRADE'))).toEqual([
      'UPGRADE /v1/clusters/home/events?after=0',
      'UPGRADE /v1/clusters/home/events?after=1',
    ])
  })

  test('a cluster that does not exist is not waited for', async () => {
    expect(await callCli(['events', 'nope', '-w'], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no such thing here.'),
    })
  })
})

describe('operations', () => {
  const operation = {
    operationId: '0c000000000000000001-7',
    kind: 'machine.create',
    subject: '00000000-0000-4000-8000-000000000000',
    state: 'failed',
    attempt: 5,
    createdAt: 0,
    cluster: 'home',
    retryable: true,
    input: { name: 'talos-node-0' },
    result: { outcome: 'failed', problem: { code: 'task-failed', facts: {}, retry: 'later' } },
  }

  test('are listed with what a person has to decide, and decided', async () => {
    api.setOperations([operation])
    await applied()
    const list = await callCli(['operations', '--cluster', 'home'], env)
    expect(await callCli(['operations'], env)).toEqual(list)
    expect(list.out).toMatch(/^ID +CLUSTER +KIND +SUBJECT +STATE +TRY +STEP +DECISION +AGE\n/)
    expect(list.out).toMatch(/home +machine.create +talos-node-0 +failed +5 +task-failed +needed /)
    expect(await callCli(['operations', 'retry', operation.operationId], env)).toMatchObject({
      code: 0,
      out: `operation/${operation.operationId} is tried again\n`,
    })
    expect((await callCli(['operations', 'abandon', 'x'], env)).code).toBe(2)
  })
})

describe('agent enroll', () => {
  test('makes the recovery key once, 0600, and prints one command with the public half only', async () => {
    await applied()
    const first = await runCli(['agent', 'enroll', 'home'], env)
    expect(first.code).toBe(0)
    expect(first.out).toMatch(
      /^lanline-agent enroll --url https:\/\/relay\.example\.com --token lanjoin_t{43} --recovery age1[0-9a-z]{58} --owner-key [\w-]{43}\n$/,
    )
    const path = /Made your recovery key: (\S+)/.exec(first.err)?.[1] ?? ''
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(first.err + first.out).not.toContain('AGE-SECRET-KEY')

    const second = await callCli(['agent', 'enroll', 'home'], env)
    expect(second.out).toBe(first.out)
    expect(second.err).toContain('Your recovery key: ')
    expect((await readFile(path, 'utf8')).match(/AGE-SECRET-KEY-1/g)).toHaveLength(1)
  })
})

describe('agents', () => {
  const { fingerprint, agentId } = PENDING_AGENT

  test('are listed with their state, and approved only by the fingerprint', async () => {
    await applied()
    const list = await callCli(['agent', 'list', 'home'], env)
    expect(list.out).toMatch(/^FINGERPRINT +STATE +HOST +VERSION +ENROLLED +ID\n/)
    expect(list.out).toContain(fingerprint)
    expect(list.err).toContain('lanline agent approve')
    expect(await callCli(['agent', 'approve', 'home', fingerprint.toUpperCase()], env)).toMatchObject({
      code: 0,
      out: `agent ${agentId} on agent-vm approved\n`,
    })
    for (const mark of ['0000-0000-0000-0000-0000', agentId])
      expect((await callCli(['agent', 'approve', 'home', mark], env)).code).toBe(1)
    expect((await callCli(['agent', 'revoke', 'home', agentId], env)).out).toContain('revoked')
    expect((await callCli(['agent', 'reject', 'home', fingerprint], env)).out).toContain('rejected')
  })

  test('join tokens are listed and revoked by name or id', async () => {
    await applied()
    expect((await callCli(['agent', 'token', 'list', 'home'], env)).out).toMatch(/abcdef012345 +spare +no +- /)
    expect((await callCli(['agent', 'token', 'revoke', 'home', 'spare'], env)).out).toBe(
      'join token abcdef012345 revoked\n',
    )
    expect((await callCli(['agent', 'token', 'revoke', 'home', 'other'], env)).code).toBe(1)
    const created = await callCli(['agent', 'token', 'create', 'home', '--approve'], env)
    expect(created.out).toContain('lanline-agent enroll')
    expect((await callCli(['agent', 'enroll', 'home', '--minutes', '61'], env)).code).toBe(2)
    expect((await callCli(['agent', 'enroll', 'home', '--issuer', 'https://id.example'], env)).code).toBe(2)
    const shell = ['agent', 'enroll', 'home', '--issuer', 'https://id.example;rm', '--client-id', 'x']
    expect((await callCli(shell, env)).code).toBe(2)
  })
})

describe('around', () => {
  test('validate works offline and with no configuration', async () => {
    const run = await runCli(['validate', '-f', HOMELAB])
    expect(run).toMatchObject({
      code: 0,
      out: 'site/home valid\nnetwork/lan valid\nmachineclass/cp-small valid\ncluster/home valid\n',
    })
  })

  test('version is that of the CLI and of the API', async () => {
    expect((await callCli(['version'], env)).out).toMatch(
      /^lanline \d+\.\d+\.\d+\napi 9\.9\.9 \(http:\/\/127\.0\.0\.1:\d+\)\n$/,
    )
  })

  test('exit codes say what kind of failure it was', async () => {
    expect((await callCli(['help', 'exit-codes'])).out).toContain('  7  the time given with --timeout passed')
    expect((await runCli([])).code).toBe(2)
    expect((await callCli(['aply'])).code).toBe(2)
    expect((await callCli(['apply'])).code).toBe(2)
    expect((await callCli(['--help'])).code).toBe(0)
    expect((await callCli(['get', 'clusters'], { ...env, LANLINE_TOKEN: 'wrong' })).code).toBe(4)
    expect((await callCli(['get', 'clusters'], { XDG_CONFIG_HOME: folder })).code).toBe(4)
    const gone = await startFakeApi()
    await gone.close()
    expect(await callCli(['get', 'clusters'], { ...env, LANLINE_URL: gone.url })).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing listens there'),
    })
  })

  test('a token is never printed, not even when everything fails', async () => {
    const token = 'a-token-that-nobody-may-see'
    for (const args of [
      ['get', 'clusters'],
      ['apply', '-f', HOMELAB],
      ['events', 'home', '-w'],
    ]) {
      const { out, err } = await runCli(args, { ...env, LANLINE_TOKEN: token })
      expect(out + err).not.toContain(token)
    }
  })
})
