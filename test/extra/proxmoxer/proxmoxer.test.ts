import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { labTime } from '#lab/time.ts'
import { aHost, type LabHost } from '#test/lab/proxmox/a-host.ts'

/**
 * proxmoxer, the usual Python client, against the simulated host: it knows nothing of this project and drives the real
 * Proxmox every day. Needs python3 and a Python package registry.
 */
const PACKAGES = ['proxmoxer==2.3.0', 'requests']
const SCRIPT = join(import.meta.dirname, 'flow.py')
const dir = mkdtempSync(join(tmpdir(), 'lanline-proxmoxer-'))
const installed =
  spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--target', join(dir, 'site'), ...PACKAGES]).status === 0
if (!installed) process.stdout.write(`proxmoxer: did not run, ${PACKAGES.join(' and ')} cannot be installed here\n`)

let lab: LabHost | undefined
afterEach(() => lab?.close())
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test.skipIf(!installed).each(['9.2', '8.4'] as const)(
  'proxmoxer takes a guest of a simulated %s through its whole life',
  async (release) => {
    lab = await aHost({ release, time: labTime(50) })
    const ca = join(dir, `${release}.pem`)
    writeFileSync(ca, lab.host.caPem)
    const said = await run({ port: lab.host.port, ca, node: lab.host.node, password: 'correct-horse' })
    expect(said).toEqual([
      ['version', release],
      ['nodes', ['prod-srv-01']],
      ['storages', ['local', 'local-zfs']],
      ['bridges', ['vmbr0']],
      ['upload', 'OK'],
      ['isos', ['local:iso/small.iso']],
      ['create', 'OK'],
      ['config', ['py-1', '2048', 'local-zfs:vm-101-disk-0']],
      ['tags', 'a;b'],
      ['resize', 'OK'],
      ['snapshot', 'OK'],
      ['snapshots', ['s1', 'current']],
      ['start', 'OK'],
      ['status', 'running'],
      ['agent', [500, 'QEMU guest agent is not running']],
      ['delete running', [500, 'VM 101 is running - destroy failed']],
      [
        'nonsense',
        [400, { nonsense: 'property is not defined in schema and the schema does not allow additional properties' }],
      ],
      ['stop', 'OK'],
      ['delete', 'OK'],
      ['left', [100]],
      ['log', 'qmdestroy'],
    ])
  },
)

async function run(wish: object): Promise<unknown> {
  const child = spawn('python3', [SCRIPT], { env: { ...process.env, PYTHONPATH: join(dir, 'site') } })
  child.stdin.end(JSON.stringify(wish))
  const [out, problems] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  if (out === '') throw new Error(problems)
  return JSON.parse(out)
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk.toString('utf8')
  return text
}
