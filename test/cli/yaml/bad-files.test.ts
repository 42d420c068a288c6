import { describe, expect, test } from 'vitest'
import { readDocuments } from '#cli/documents/read.ts'
import { PLAIN } from '#cli/output/style.ts'
import { renderIssues } from '#cli/yaml/report.ts'

/** What a person sees for a bad file, without the source lines. */
function complaints(text: string): readonly string[] {
  const read = readDocuments([{ name: 'site.yaml', text }])
  return read.ok ? [] : renderIssues(read.error, PLAIN).filter((line) => line.startsWith('site.yaml:'))
}

const machineClass = (spec: string) =>
  `apiVersion: lanline/v1alpha1\nkind: MachineClass\nmetadata: {name: small}\nspec:\n${spec}`

describe('errors in people’s YAML', () => {
  test.each<readonly [string, string, readonly string[]]>([
    [
      'an unknown field is named with the nearest field there is',
      machineClass('  cpu: 4\n  memroy: 8Gi\n  disks: [{size: 32Gi}]\n'),
      ['site.yaml:6:3  spec.memroy  unknown field; did you mean "memory"?'],
    ],
    [
      'a field like no other is answered with those that are known there',
      machineClass('  cpu: 4\n  memory: 8Gi\n  disks: [{size: 32Gi, speed: 7200}]\n'),
      [
        'site.yaml:7:24  spec.disks[0].speed  unknown field; known here: name, size, storage, cache, ssd, discard, iothread, backup',
      ],
    ],
    [
      'a missing field is shown at the field it belongs under',
      machineClass('  cpu: 4\n  memory: 8Gi\n'),
      ['site.yaml:4:1  spec.disks  this field is missing'],
    ],
    [
      'a quantity without a unit gets one proposed',
      machineClass('  cpu: 4\n  memory: 8\n  disks: [{size: 32Gi}]\n'),
      ['site.yaml:6:11  spec.memory  must be text, not a number; give it a unit, like 8Gi'],
    ],
    [
      'an unknown kind is named with the nearest kind',
      'kind: Clutser\n',
      ['site.yaml:1:7  kind  unknown kind "Clutser"; did you mean "Cluster"?'],
    ],
    [
      'an unknown version of the format is named with the one there is',
      machineClass('  cpu: 4\n  memory: 8Gi\n  disks: [{size: 32Gi}]\n').replace('v1alpha1', 'v1'),
      ['site.yaml:1:13  apiVersion  must be "lanline/v1alpha1"'],
    ],
    [
      'a key that is here twice is refused',
      machineClass('  cpu: 4\n  cpu: 8\n'),
      ['site.yaml:6:3  the key "cpu" is here for the second time'],
    ],
    ['a tab is called a tab', 'kind: Site\nspec:\n\tvmids: x\n', ['site.yaml:3:1  indent with spaces, not tabs']],
    [
      'a tab is shown alone, without what follows from it',
      machineClass('\tcpu: 4\n  memory: 8Gi\n'),
      ['site.yaml:5:1  indent with spaces, not tabs'],
    ],
    [
      'an alias without an anchor is shown where it is',
      machineClass('  cpu: *four\n'),
      ['site.yaml:5:8  no anchor &four comes before this alias'],
    ],
    [
      'a bracket that is never closed is named',
      machineClass('  disks: [{size: 32Gi}\n  cpu: 4\n'),
      ['site.yaml:6:3  the ] that closes the lines above is missing, or this line is not indented enough'],
    ],
    [
      'a YAML tag is refused',
      machineClass('  cpu: !!int "4"\n'),
      ['site.yaml:5:14  the YAML tag tag:yaml.org,2002:int is not taken; write plain values'],
    ],
    [
      'a list is not a document',
      '- a\n- b\n',
      ['site.yaml:1:1  a document is a map that begins with apiVersion and kind'],
    ],
    [
      'annotations that do not act are refused under our own prefix',
      'apiVersion: lanline/v1alpha1\nkind: MachineClass\nmetadata: {name: s, annotations: {lanline/deletoin: forbid}}\nspec: {cpu: 2, memory: 2Gi, disks: [{size: 10Gi}]}\n',
      [
        'site.yaml:3:53  metadata.annotations["lanline/deletoin"]  unknown annotation; only lanline/deletion acts today',
      ],
    ],
    [
      'the second document of a file has the lines of the file',
      `${machineClass('  cpu: 4\n  memory: 8Gi\n  disks: [{size: 32Gi}]\n')}---\n${machineClass('  cpu: 1\n  memory: 8Gi\n  disks: [{size: 32Gi}]\n')}`,
      ['site.yaml:13:8  spec.cpu  must be at least 2'],
    ],
  ])('%s', (_, text, expected) => {
    expect(complaints(text)).toEqual(expected)
  })

  test('a misspelt required field is one error, not two', () => {
    const cluster = `apiVersion: lanline/v1alpha1
kind: Cluster
metadata: {name: home}
spec:
  site: home
  talos: {version: v1.13.9}
  kubernetes: {version: v1.36.3}
  nodeNetwork: lan
  endpoint: {vip: 192.168.1.50}
  controlPlane:
    class: cp-small
    machine: {a: 192.168.1.51}
`
    const read = readDocuments([{ name: 'site.yaml', text: cluster }])
    expect(read.ok ? [] : renderIssues(read.error, PLAIN)).toEqual([
      'site.yaml:12:5  spec.controlPlane.machine  unknown field; did you mean "machines"?',
      '   12 |     machine: {a: 192.168.1.51}',
      '      |     ^^^^^^^',
    ])
  })

  test('aliases work, and keep the place of what they stand for', () => {
    const text = machineClass('  cpu: 4\n  memory: &m 8Gi\n  disks: [{size: *m}]\n')
    expect(complaints(text)).toEqual(['site.yaml:7:18  spec.disks[0].size  Talos needs at least 10Gi'])
  })

  test('a bomb of aliases is refused without being expanded', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const inside = level === 0 ? 'x' : `*l${level - 1}`
      return `l${level}: &l${level} [${Array.from({ length: 9 }, () => inside).join(', ')}]`
    })
    expect(complaints(`${levels.join('\n')}\n`)).toEqual([
      'site.yaml:1:1  a document may use aliases 100 times at most',
    ])
  })

  test('a file that is nested beyond reason is an error, not a crash', () => {
    expect(complaints('['.repeat(100_000))[0]).toMatch(/^site\.yaml:1:/)
  })

  test('a file is limited in size and in documents', () => {
    expect(complaints(`# ${'x'.repeat(256 * 1024)}`)).toEqual(['site.yaml:1:1  a file has at most 256 KiB'])
    const many = `${machineClass('  cpu: 4\n  memory: 8Gi\n  disks: [{size: 32Gi}]\n')}---\n`.repeat(101)
    expect(complaints(many)).toEqual(['site.yaml:801:1  a file has at most 100 documents'])
  })

  test('comments and empty documents are no documents', () => {
    expect(readDocuments([{ name: 'site.yaml', text: '# nothing\n---\n---\n# still nothing\n' }])).toEqual({
      ok: true,
      value: [],
    })
  })

  test('escape sequences in a file never reach the terminal', () => {
    const read = readDocuments([{ name: 'site.yaml', text: 'kind: "\\e[2J\u001b[31mSite"\n' }])
    expect(read.ok ? '' : renderIssues(read.error, PLAIN).join('')).not.toContain('\u001b')
  })
})
