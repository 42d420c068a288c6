import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { err, ok } from '#core/base/result.ts'
import { ClusterDocument } from '#core/model/document.ts'
import { locateApiErrors } from '#cli/documents/api-errors.ts'
import { crossCheck } from '#cli/documents/cross-check.ts'
import type { ReadPatchFile } from '#cli/documents/patch-file.ts'
import { issuesOf, readDocuments } from '#cli/documents/read.ts'
import { patchFaults } from '#cli/talos/patch-faults.ts'
import { renderMachines } from '#cli/talos/render-machines.ts'
import type { Issue } from '#cli/yaml/source.ts'
import { REPOSITORY } from '#test/support/run-cli.ts'

const homelab = readFileSync(`${REPOSITORY}examples/homelab.yaml`, 'utf8')
const KUBERNETES = '  kubernetes:\n    # renovate'
const LAST_LINE = '      talos-node-2: 192.168.1.53\n'

/** The example with patches of its cluster, as lines below `patches:`, and files beside it. */
function read(patches: string, files: Readonly<Record<string, string>> = {}, more = '') {
  const indented = patches.replaceAll(/^(?=.)/gm, '      ')
  const text = homelab
    .replace(KUBERNETES, `    patches:\n${indented}${KUBERNETES}`)
    .replace(LAST_LINE, `${LAST_LINE}${more}`)
  const readPatchFile: ReadPatchFile = (name) => {
    const found = files[name]
    return found === undefined ? err(`${name} cannot be read: there is no such file`) : ok({ name, text: found })
  }
  return readDocuments([{ name: 'site.yaml', text }], readPatchFile)
}

function stored(patches: string, files: Readonly<Record<string, string>> = {}, more = '') {
  const found = read(patches, files, more)
  if (!found.ok) throw new Error(found.error.map(say).join('\n'))
  return found.value.map(({ document }) => document).find((document) => document.kind === 'Cluster')!.spec
}

/** `file: source line ‸at column‸  message` */
const say = ({ file, place, message }: Issue): string =>
  `${file.name}: ${(file.text.split('\n')[place.line - 1] ?? '').slice(place.column - 1).trim()}  ${message}`

function faults(patches: string, files: Readonly<Record<string, string>> = {}, more = ''): readonly string[] {
  const found = read(patches, files, more)
  if (!found.ok) return found.error.map(say)
  const documents = found.value.map(({ document }) => document)
  const { errors } = crossCheck(documents)
  return issuesOf(found.value, errors.length > 0 ? errors : patchFaults(documents)).map(say)
}

describe('patches in documents', () => {
  test('are stored the same, written as a mapping, as text or as a file; texts and files may hold several', () => {
    const patch = 'machine: {sysctls: {a: "1"}}'
    const other = 'apiVersion: v1alpha1\nkind: SysctlConfig\n$patch: delete\n'
    const expected = [
      { machine: { sysctls: { a: '1' } } },
      { apiVersion: 'v1alpha1', kind: 'SysctlConfig', $patch: 'delete' },
    ]
    expect(
      stored(`- ${patch}\n- apiVersion: v1alpha1\n  kind: SysctlConfig\n  $patch: delete\n`).talos.patches,
    ).toEqual(expected)
    expect(stored(`- |\n  ${patch}\n  ---\n  ${other.replaceAll('\n', '\n  ')}\n`).talos.patches).toEqual(expected)
    expect(stored('- file: both.yaml\n', { 'both.yaml': `# two\n---\n${patch}\n---\n${other}` }).talos.patches).toEqual(
      expected,
    )
  })

  test('may stand on every level', () => {
    const level = (indent: string) => `${indent}- machine: {env: {A: b}}\n`
    const spec = stored(
      level(''),
      {},
      `    patches:\n${level('      ')}  machinePatches:\n    talos-node-1:\n${level('      ')}`,
    )
    const patches = [{ machine: { env: { A: 'b' } } }]
    expect([spec.talos.patches, spec.controlPlane.patches, spec.machinePatches]).toEqual([
      patches,
      patches,
      { 'talos-node-1': patches },
    ])
  })

  test('of a set of workers are read like all others, reach its machines only, and are shown where they are wrong', () => {
    const workers = (patch: string) =>
      `  workers:\n    general:\n      class: cp-small\n      count: 1\n      patches:\n        - |\n          ${patch}\n`
    const found = read('[]\n', {}, workers('machine: {env: {SET: general}}'))
    if (!found.ok) throw new Error(found.error.map(say).join('\n'))
    const rendered = renderMachines(
      found.value.map(({ document }) => document),
      { patches: [] },
    )
    if (!rendered.ok) throw new Error(JSON.stringify(rendered.error))
    const patched = rendered.value.filter(({ config }) => config.includes('SET: general'))
    expect([rendered.value.length, patched.map(({ machine }) => machine)]).toEqual([4, ['home-general-0']])
    expect(faults('[]\n', {}, workers('machine: {envi: {A: b}}'))).toEqual([
      'site.yaml: envi: {A: b}}  unknown field of Talos; did you mean "env"?',
    ])
    expect(faults('[]\n', {}, workers('machine: {env: {A: {$patch: delete}}}'))).toHaveLength(1)
  })

  test('keep what was written in fields for text, and read numbers and truths as Talos does', () => {
    const [patch] =
      stored(`- machine:
    sysctls: {a: 1.10, b: 007, c: true}
    install: {wipe: no}
    files: [{path: /a, permissions: 0o644, content: 1}]
    kubelet: {extraConfig: {a: 1.10, b: 010, c: 1_000, d: yes}, extraArgs: {v: 4, many: [1.0, x]}}
`).talos.patches ?? []
    expect(patch).toEqual({
      machine: {
        sysctls: { a: '1.10', b: '007', c: 'true' },
        install: { wipe: false },
        files: [{ path: '/a', permissions: 0o644, content: '1' }],
        kubelet: { extraConfig: { a: 1.1, b: 8, c: 1000, d: 'yes' }, extraArgs: { v: '4', many: ['1.0', 'x'] } },
      },
    })
  })

  test('come back from the API as they were stored', () => {
    const spec = stored('- machine: {sysctls: {a: 1.10}, files: [{path: /a, permissions: 0o644, content: x}]}\n')
    expect(ClusterDocument.shape.spec.parse(JSON.parse(JSON.stringify(spec)))).toEqual(spec)
  })

  test.each<readonly [string, string, Readonly<Record<string, string>>, string]>([
    [
      'a misspelt field of a mapping',
      '- machine:\n    sysctl: {a: "1"}\n',
      {},
      'site.yaml: sysctl: {a: "1"}  unknown field of Talos; did you mean "sysctls"?',
    ],
    [
      'a misspelt field of a text',
      '- |\n  # comment\n  machine:\n    sysctl: {a: "1"}\n',
      {},
      'site.yaml: sysctl: {a: "1"}  unknown field of Talos; did you mean "sysctls"?',
    ],
    [
      'the second document of a text',
      '- |\n  machine: {env: {A: b}}\n  ---\n  kind: SysctlConfig\n  apiVersion: v1\n',
      {},
      'site.yaml: v1  must be v1alpha1',
    ],
    [
      'a field of a file',
      '- machine: {env: {A: b}}\n- file: p.yaml\n',
      { 'p.yaml': 'machine: {env: {A: b}}\n---\n\ncluster:\n  id: x\n' },
      'p.yaml: id: x  is not for patches: it comes from the secrets bundle of the cluster, which only rotation changes',
    ],
    [
      'a file that is not there',
      '- file: p.yaml\n',
      {},
      'site.yaml: p.yaml  p.yaml cannot be read: there is no such file',
    ],
    ['an empty file', '- file: p.yaml\n', { 'p.yaml': '# later\n' }, 'site.yaml: p.yaml  p.yaml is empty'],
    [
      'broken YAML in a file',
      '- file: p.yaml\n',
      { 'p.yaml': 'machine:\n\tenv: {}\n' },
      'p.yaml: env: {}  indent with spaces, not tabs',
    ],
    [
      'broken YAML in a text',
      '- |\n  machine:\n    env: {A: b}\n    env: {A: c}\n',
      {},
      'site.yaml: env: {A: c}  the key "env" is here for the second time',
    ],
    [
      'a JSON Patch',
      '- file: p.json\n',
      { 'p.json': '[{"op": "add", "path": "/machine/env", "value": {}}]' },
      'p.json: [{"op": "add", "path": "/machine/env", "value": {}}]  a patch is a map: machine and cluster, or a document with apiVersion and kind; Talos refuses JSON Patches for its configurations of several documents',
    ],
    ['something that is no patch', '- 5\n', {}, 'site.yaml: 5  must be a map, not a number'],
    [
      'a deletion of what is not there',
      '- machine: {env: {A: b}}\n- |\n  machine:\n    sysctls: {b: {$patch: delete}}\n',
      {},
      'site.yaml: machine:  nothing to delete at machine.sysctls.b of v1alpha1: lookup failed',
    ],
    [
      'two forms of one setting',
      '- machine: {time: {servers: [a]}}\n- file: p.yaml\n',
      { 'p.yaml': 'apiVersion: v1alpha1\nkind: TimeSyncConfig\nntp: {servers: [b]}\n' },
      'p.yaml: apiVersion: v1alpha1  a node would refuse the configuration: TimeSyncConfig says the same as machine.time.servers of the v1alpha1 document; keep one of them',
    ],
  ])('%s is shown where it is written', (_, patches, files, expected) => {
    expect(faults(patches, files)).toEqual([expected])
  })

  test('an alias that stands in itself is refused, not followed for ever', () => {
    expect(faults('- &a\n  machine: {kubelet: {extraConfig: {x: *a}}}\n').join('\n')).toMatch(/nested deeper/)
  })

  test('a patch that fits one machine and not another is shown once, at the patch', () => {
    const own = '  machinePatches:\n    talos-node-1:\n      - machine: {nodeLabels: {"no name": x}}\n'
    expect(faults('- machine: {env: {A: b}}\n', {}, own)).toEqual([
      'site.yaml: - machine: {nodeLabels: {"no name": x}}  a node would refuse the configuration: v1alpha1 machine.nodeLabels.no name is not a name that Kubernetes takes'.replace(
        '- ',
        '',
      ),
    ])
  })

  test('an error of the API is shown at the file of the patch', () => {
    const found = read('- machine: {env: {A: b}}\n- file: p.yaml\n', { 'p.yaml': 'machine:\n  env: {A: b}\n' })
    const sources = found.ok ? found.value.map(({ source }) => source) : []
    const error = { pointer: '/documents/3/spec/talos/patches/1/machine/env', message: 'no' }
    const { issues } = locateApiErrors({ errors: [error] } as unknown as Parameters<typeof locateApiErrors>[0], sources)
    expect(issues.map(say)).toEqual(['p.yaml: env: {A: b}  no'])
  })
})

describe('rendered from files', () => {
  test('a machine gets the patches of its cluster, its set and its own, in that order, those of the command line last', () => {
    const env = (value: string) => `machine: {env: {LAST: ${value}, ${value.toUpperCase()}: "1"}}`
    const found = read(
      `- ${env('cluster')}\n`,
      {},
      `    patches:\n      - ${env('set')}\n  machinePatches:\n    talos-node-1:\n      - ${env('own')}\n`,
    )
    const documents = found.ok ? found.value.map(({ document }) => document) : []
    const envOf = (patches: readonly string[]) => {
      const rendered = renderMachines(documents, { patches })
      const configs = rendered.ok ? rendered.value : []
      return configs.map(({ config }) => {
        const main = parse(config.split('---\n')[0] ?? '') as { machine: { env: { LAST: string } } }
        return Object.entries(main.machine.env)
          .map(([key, value]) => `${key}=${value}`)
          .join(' ')
      })
    }
    expect(envOf([])).toEqual([
      'LAST=set CLUSTER=1 SET=1',
      'LAST=own CLUSTER=1 SET=1 OWN=1',
      'LAST=set CLUSTER=1 SET=1',
    ])
    expect(envOf([env('flag')])[1]).toBe('LAST=flag CLUSTER=1 SET=1 OWN=1 FLAG=1')
  })
})
