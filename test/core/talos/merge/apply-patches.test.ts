import { parse, parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { guessMinor } from '#core/talos/merge/guess-minor.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'

const merged = (config: string, ...patches: readonly string[]): unknown => {
  const result = applyPatches(config, patches)
  if (!result.ok) throw new Error(sayPatchProblem(result.error))
  const documents = [...parseAllDocuments(result.value)].map((document) => document.toJS() as unknown)
  return documents.length === 1 ? documents[0] : documents
}
const refusal = (config: string, ...patches: readonly string[]): string => {
  const result = applyPatches(config, patches)
  if (result.ok) throw new Error(`it was taken:\n${result.value}`)
  return sayPatchProblem(result.error)
}
const doc = (kind: string, rest = ''): string => `apiVersion: v1alpha1\nkind: ${kind}\n${rest}`
const machineOf = (value: unknown): Record<string, unknown> => (value as { machine: Record<string, unknown> }).machine
const clusterOf = (value: unknown): Record<string, unknown> => (value as { cluster: Record<string, unknown> }).cluster

describe('documents', () => {
  test('pair by apiVersion, kind and name; the others of a patch are appended', () => {
    const config = `${doc('LinkConfig', 'name: eth0\nmtu: 1400\n')}---\n${doc('LinkConfig', 'name: eth1\nmtu: 1500\n')}`
    expect(
      merged(config, `${doc('LinkConfig', 'name: eth1\nmtu: 9000\n')}---\n${doc('DummyLinkConfig', 'name: d0\n')}`),
    ).toEqual([
      { apiVersion: 'v1alpha1', kind: 'LinkConfig', name: 'eth0', mtu: 1400 },
      { apiVersion: 'v1alpha1', kind: 'LinkConfig', name: 'eth1', mtu: 9000 },
      { apiVersion: 'v1alpha1', kind: 'DummyLinkConfig', name: 'd0' },
    ])
  })

  test('that no patch touches keep every byte, comments and unknown kinds included', () => {
    const kept = `# by hand\n${doc('FutureConfig', 'x:   [ 1,2 ] # odd\n')}`
    const result = applyPatches(`machine:\n  type: worker\n---\n${kept}`, ['machine: {env: {A: b}}'])
    expect(result.ok && result.value.endsWith(`---\n${kept}`)).toBe(true)
  })

  test('that are touched keep the comments of what stays', () => {
    const result = applyPatches('machine:\n    # who it is\n    type: worker # fixed\n', ['machine: {token: abc}'])
    expect(result.ok && result.value).toContain('# who it is\n    type: worker # fixed\n')
  })

  test('of a config may not repeat, and an unknown kind cannot be patched', () => {
    expect(refusal(`${doc('KubeSpanConfig')}---\n${doc('KubeSpanConfig')}`, doc('OOMConfig'))).toContain(
      'v1alpha1/KubeSpanConfig',
    )
    expect(refusal('machine: {}\n', doc('FutureConfig', 'x: 1\n'))).toBe(
      'patch 1: there is no document v1alpha1/FutureConfig in Talos 1.12 to 1.14',
    )
  })
})

describe('scalars', () => {
  test('are replaced, but not by the empty text or 0', () => {
    const config =
      'machine: {network: {hostname: a}, install: {disk: /dev/sda}}\ncluster: {controlPlane: {localAPIServerPort: 6443}}\n'
    const result = merged(
      config,
      'machine: {network: {hostname: ""}, install: {disk: /dev/vda}}\ncluster: {controlPlane: {localAPIServerPort: 0}}',
    )
    expect(machineOf(result)).toMatchObject({ network: { hostname: 'a' }, install: { disk: '/dev/vda' } })
    expect(clusterOf(result)).toMatchObject({ controlPlane: { localAPIServerPort: 6443 } })
  })

  test('false always counts, null and absence never do', () => {
    const result = merged(
      'debug: true\nmachine: {install: {wipe: true, disk: /dev/sda}}\n',
      'debug: false\nmachine: {install: {wipe: null}}',
    )
    expect(result).toMatchObject({ debug: false, machine: { install: { wipe: true, disk: '/dev/sda' } } })
  })

  test('behind a pointer are replaced even by 0 and by the first word of an enumeration', () => {
    expect(
      merged(
        doc('BondConfig', 'name: b\nmiimon: 100\nbondMode: 802.3ad\n'),
        doc('BondConfig', 'name: b\nmiimon: 0\nbondMode: balance-rr\n'),
      ),
    ).toMatchObject({
      miimon: 0,
      bondMode: 'balance-rr',
    })
    expect(merged(doc('HostnameConfig', 'auto: stable\n'), doc('HostnameConfig', 'auto: off\n'))).toMatchObject({
      auto: 'off',
    })
  })

  test('of an enumeration that is no pointer are not replaced by its first word', () => {
    expect(
      merged(
        doc('NetworkDefaultActionConfig', 'ingress: block\n'),
        doc('NetworkDefaultActionConfig', 'ingress: accept\n'),
      ),
    ).toMatchObject({ ingress: 'block' })
  })

  test('of text keep the spelling of the patch', () => {
    expect(machineOf(merged('machine: {}\n', 'machine: {sysctls: {a: 1, b: 0x10, c: 1.10, d: yes}}'))).toMatchObject({
      sysctls: { a: '1', b: '0x10', c: '1.10', d: 'yes' },
    })
  })
})

describe('text that another YAML reads as something else', () => {
  test('is quoted, wherever it comes from', () => {
    const patch =
      'machine: {nodeLabels: {a: "2026-01-01", b: "0b11", c: "1_000", d: "yes", e: 10.0.0.1, f: 2026-01-02}}'
    const result = applyPatches('machine: {}\n', [patch], '1.13')
    expect(result.ok && result.value).toContain(
      'a: "2026-01-01"\n        b: "0b11"\n        c: "1_000"\n        d: "yes"\n        e: 10.0.0.1\n        f: "2026-01-02"\n',
    )
  })

  test('and merge keys and aliases are resolved', () => {
    const patch = 'machine:\n  nodeLabels: &a {x: y, z: v}\n  nodeAnnotations:\n    <<: *a\n    z: w\n'
    expect(machineOf(merged('machine: {}\n', patch))['nodeAnnotations']).toEqual({ x: 'y', z: 'w' })
  })
})

describe('lists', () => {
  test('append and keep duplicates; an empty list does nothing', () => {
    expect(
      machineOf(merged('machine: {certSANs: [a, b]}\n', 'machine: {certSANs: [b, c]}', 'machine: {certSANs: []}'))[
        'certSANs'
      ],
    ).toEqual(['a', 'b', 'b', 'c'])
  })

  test('of subnets are replaced, also by an empty one', () => {
    const config = 'cluster: {network: {podSubnets: [10.0.0.0/8], serviceSubnets: [10.96.0.0/12]}}\n'
    expect(
      clusterOf(merged(config, 'cluster: {network: {podSubnets: [10.1.0.0/16], serviceSubnets: []}}')),
    ).toMatchObject({
      network: { podSubnets: ['10.1.0.0/16'], serviceSubnets: [] },
    })
  })

  test('of interfaces pair by name, else by an equal selector; VLANs by id', () => {
    const config =
      'machine: {network: {interfaces: [{interface: eth0, mtu: 1400, vlans: [{vlanId: 1, mtu: 1300}]}, {deviceSelector: {driver: x}, mtu: 1}]}}\n'
    const patch =
      'machine: {network: {interfaces: [{interface: eth0, dhcp: true, vlans: [{vlanId: 1, dhcp: false}, {vlanId: 2}]}, {deviceSelector: {driver: x}, mtu: 2}, {deviceSelector: {driver: y}}]}}'
    expect(machineOf(merged(config, patch))['network']).toEqual({
      interfaces: [
        {
          interface: 'eth0',
          mtu: 1400,
          dhcp: true,
          vlans: [
            { vlanId: 1, mtu: 1300, dhcp: false, routes: [] },
            { vlanId: 2, routes: [] },
          ],
        },
        { deviceSelector: { driver: 'x' }, mtu: 2 },
        { deviceSelector: { driver: 'y' } },
      ],
    })
  })

  test('an interface pairs by an equal selector, an empty field being none; one that says `physical` never pairs', () => {
    const interfaces = (selector: string) =>
      (
        machineOf(
          merged(
            `machine: {network: {interfaces: [{deviceSelector: ${selector}, mtu: 1}]}}\n`,
            `machine: {network: {interfaces: [{deviceSelector: {hardwareAddr: "52:*", driver: ""}, mtu: 2}, {deviceSelector: {physical: true}, mtu: 3}]}}`,
          ),
        )['network'] as { interfaces: readonly { mtu: number }[] }
      ).interfaces.map(({ mtu }) => mtu)
    expect(interfaces('{hardwareAddr: "52:*"}')).toEqual([2, 3])
    expect(interfaces('{hardwareAddr: "52:*", busPath: x}')).toEqual([1, 2, 3])
    expect(interfaces('{physical: true}')).toEqual([1, 2, 3])
  })

  test('of image rules replace the whole rule of the same image', () => {
    expect(
      merged(
        doc('ImageVerificationConfig', 'rules: [{image: a, skip: true}, {image: b}]\n'),
        doc('ImageVerificationConfig', 'rules: [{image: a, deny: true}]\n'),
      ),
    ).toMatchObject({
      rules: [{ image: 'a', deny: true }, { image: 'b' }],
    })
  })
})

describe('maps', () => {
  test('merge by key; an empty value sets a new key and leaves an old one', () => {
    expect(
      machineOf(merged('machine: {nodeLabels: {a: x, b: y}}\n', 'machine: {nodeLabels: {a: "", b: z, c: ""}}'))[
        'nodeLabels'
      ],
    ).toEqual({ a: 'x', b: 'z', c: '' })
  })

  test('of extra arguments replace a value whole, list or text', () => {
    const config = 'cluster: {apiServer: {extraArgs: {a: [x, y], b: z}}}\n'
    expect(clusterOf(merged(config, 'cluster: {apiServer: {extraArgs: {a: [w], b: ""}}}'))['apiServer']).toEqual({
      extraArgs: { a: ['w'], b: '' },
    })
  })

  test('that are free merge deeply and append lists, and refuse another type', () => {
    const config = 'machine: {kubelet: {extraConfig: {a: {x: 1, l: [1]}, n: 5}}}\n'
    expect(
      machineOf(merged(config, 'machine: {kubelet: {extraConfig: {a: {y: 2, l: [2]}, n: 0}}}'))['kubelet'],
    ).toEqual({
      extraConfig: { a: { x: 1, l: [1, 2], y: 2 }, n: 5 },
    })
    expect(refusal(config, 'machine: {kubelet: {extraConfig: {n: five}}}')).toBe(
      'patch 1: machine.kubelet.extraConfig.n of v1alpha1 is a whole number and cannot be merged with text',
    )
  })

  test('that hold an audit policy are replaced', () => {
    const config = doc('KubeAuditPolicyConfig', 'configuration: {rules: [{level: Metadata}], omitStages: [x]}\n')
    expect(merged(config, doc('KubeAuditPolicyConfig', 'configuration: {rules: []}\n'))).toMatchObject({
      configuration: { rules: [] },
    })
  })
})

describe('values that Talos treats in a way of its own', () => {
  test('URLs join part by part', () => {
    const endpoint = (url: string) => `cluster: {controlPlane: {endpoint: "${url}"}}\n`
    const join = (left: string, right: string) =>
      (clusterOf(merged(endpoint(left), endpoint(right)))['controlPlane'] as { endpoint: string }).endpoint
    expect(join('https://10.0.0.1:6443/api?a=1', 'https://10.0.0.2:6443')).toBe('https://10.0.0.2:6443/api?a=1')
    expect(join('https://10.0.0.1:6443', 'http://b/x')).toBe('http://b/x')
  })

  test('sizes and expressions of a volume go away when a patch of the document leaves them out', () => {
    const config = doc(
      'VolumeConfig',
      'name: EPHEMERAL\nprovisioning: {minSize: 2GiB, maxSize: 10GiB, grow: true, diskSelector: {match: system_disk}}\n',
    )
    expect(merged(config, doc('VolumeConfig', 'name: EPHEMERAL\nmount: {secure: true}\n'))).toMatchObject({
      provisioning: { maxSize: '10GiB', grow: true },
    })
    expect(merged(config, doc('VolumeConfig', 'name: EPHEMERAL\nprovisioning: {maxSize: 20GiB}\n'))).toEqual({
      apiVersion: 'v1alpha1',
      kind: 'VolumeConfig',
      name: 'EPHEMERAL',
      provisioning: { maxSize: '20GiB', grow: true },
    })
  })
})

describe('$patch: delete', () => {
  test('takes a document, a field, a key of a map and an item of a list away', () => {
    const config = `machine: {certSANs: [a], nodeLabels: {x: "1", y: "2"}, kernel: {modules: [{name: a}, {name: b}]}}\n---\n${doc('KubeSpanConfig')}`
    const patch = `machine: {certSANs: {$patch: delete}, nodeLabels: {x: {$patch: delete}}, kernel: {modules: [{name: a, $patch: delete}]}}\n---\n${doc('KubeSpanConfig', '$patch: delete\n')}`
    expect(machineOf(merged(config, patch))).toMatchObject({
      certSANs: [],
      nodeLabels: { y: '2' },
      kernel: { modules: [{ name: 'b' }] },
    })
  })

  test('of a document that is not there does nothing', () => {
    const config = 'machine: {type: worker}\n'
    expect(applyPatches(config, [doc('KubeSpanConfig', '$patch: delete\n')])).toEqual({ ok: true, value: config })
  })

  test.each([
    ['a key that is missing', 'machine: {nodeLabels: {z: {$patch: delete}}}', 'lookup failed'],
    ['an item that is missing', 'machine: {kernel: {modules: [{name: z, $patch: delete}]}}', 'lookup failed'],
    ['an unknown field', 'machine: {nope: {$patch: delete}}', 'lookup failed'],
    ['an item found by a number', 'machine: {network: {interfaces: [{mtu: 1, $patch: delete}]}}', 'lookup failed'],
    ['the main document', 'machine: {}\n$patch: delete', 'cannot be deleted'],
    [
      'a field inside an item',
      'machine: {network: {interfaces: [{interface: eth0, mtu: {$patch: delete}}]}}',
      'inside an item',
    ],
    ['an item without a field to find it by', 'machine: {kernel: {modules: [{$patch: delete}]}}', 'needs a field'],
  ])('of %s is refused', (_, patch, words) => {
    expect(
      refusal(
        'machine: {nodeLabels: {x: a}, kernel: {modules: [{name: a}]}, network: {interfaces: [{interface: eth0, mtu: 1}]}}\n',
        patch,
      ),
    ).toContain(words)
  })
})

describe('JSON patches', () => {
  test('as JSON and as YAML change a configuration of one document', () => {
    const json =
      '[{"op":"add","path":"/machine/certSANs/-","value":"b"},{"op":"test","path":"/machine/type","value":"worker"}]'
    const yaml =
      '- op: remove\n  path: /machine/certSANs/-2\n- {op: copy, from: /machine/type, path: /machine/network/hostname}\n- {op: replace, path: /machine/sysctls/net.ipv4~1x, value: "2"}\n'
    expect(
      machineOf(
        merged('machine: {type: worker, certSANs: [a], network: {}, sysctls: {"net.ipv4/x": "1"}}\n', json, yaml),
      ),
    ).toMatchObject({
      certSANs: ['b'],
      network: { hostname: 'worker' },
      sysctls: { 'net.ipv4/x': '2' },
    })
  })

  test.each([
    ['a missing path', '[{"op":"remove","path":"/machine/nope"}]', '/machine/nope is not there'],
    ['a failed test', '[{"op":"test","path":"/machine/type","value":"x"}]', 'is not what "test" says'],
    ['an unknown operation', '[{"op":"merge","path":"/machine"}]', 'there are add, remove'],
    ['a result with an unknown field', '[{"op":"add","path":"/machine/nope","value":1}]', 'no field machine.nope'],
  ])('with %s are refused', (_, patch, words) => {
    expect(refusal('machine: {type: worker}\n', patch)).toContain(words)
  })
})

describe('JSON patches have the manners of the library that Talos uses', () => {
  const config = 'machine: {type: worker, certSANs: [a, b]}\n'
  const patched = (...operations: readonly object[]): unknown => machineOf(merged(config, JSON.stringify(operations)))

  test('replace sets a key that is not there, and may replace the whole document', () => {
    expect(patched({ op: 'replace', path: '/machine/token', value: 't' })).toMatchObject({ token: 't' })
    expect(patched({ op: 'replace', path: '', value: { machine: { type: 'controlplane' } } })).toMatchObject({
      type: 'controlplane',
    })
  })

  test('copy of a key that is not there copies null; an index may carry a sign', () => {
    expect(
      patched(
        { op: 'copy', from: '/machine/none', path: '/machine/kubelet' },
        { op: 'add', path: '/machine/certSANs/-1', value: 'z' },
        { op: 'replace', path: '/machine/certSANs/+0', value: 'y' },
      ),
    ).toMatchObject({ certSANs: ['y', 'b', 'z'] })
  })

  test('patches that follow one another are one: what is between them is not looked at', () => {
    const [first, second, third] = [
      '[{"op":"add","path":"/machine/scratch","value":"t"}]',
      '- {op: move, from: /machine/scratch, path: /machine/token}',
      'machine: {type: controlplane}',
    ] as const
    expect(machineOf(merged(config, first, second, third))).toMatchObject({ token: 't', type: 'controlplane' })
    const left = applyPatches(config, [first, third, second])
    expect(!left.ok && left.error).toMatchObject({ patch: 0, code: 'unknown-field', where: 'machine.scratch' })
    const missed = applyPatches(config, [first, '[{"op":"remove","path":"/nope"}]'])
    expect(!missed.ok && missed.error).toMatchObject({ patch: 1, code: 'json-patch-failed', where: '/nope' })
  })

  test.each([
    [{ op: 'add', path: '', value: {} }],
    [{ op: 'replace', path: '/machine/certSANs/2', value: 'x' }],
    [{ op: 'replace', path: '/machine/none/x', value: 'x' }],
    [{ op: 'remove', path: '/machine/none' }],
    [{ op: 'move', from: '/machine/none', path: '/machine/token' }],
    [{ op: 'copy', from: '/machine/none/x', path: '/machine/token' }],
    [{ op: 'test', path: '/machine/none/x', value: null }],
    [{ op: 'test', path: '/machine/none', value: null }],
    [{ op: 'test', path: '/machine/type', value: 'controlplane' }],
  ])('%j is refused', (operation) => {
    expect(refusal(config, JSON.stringify([operation]))).toMatch(/is not/)
  })
})

describe('emptiness and words', () => {
  test('a null item of a list is left out where it is no pointer, and refused by 1.14 where it is one', () => {
    expect(machineOf(merged('machine: {}\n', 'machine: {certSANs: [~, a], pods: [~]}'))).toMatchObject({
      certSANs: ['a'],
    })
    const patch = 'machine: {files: [~]}'
    expect(refusal('machine: {}\n', patch)).toContain('machine.files[0] of v1alpha1 is null')
    const before = applyPatches('machine: {}\n', [patch], '1.13')
    expect(before.ok && (parse(before.value) as unknown)).toMatchObject({ machine: { files: [null] } })
  })

  test('the null key of a map of pointers is refused by 1.14, and kept before', () => {
    const patch = 'machine: {registries: {mirrors: {a: ~}}}'
    expect(refusal('machine: {}\n', patch)).toContain('machine.registries.mirrors.a of v1alpha1 is null')
    expect(applyPatches('machine: {}\n', [patch], '1.13').ok).toBe(true)
  })

  test('a date is no text to 1.14 unless it is quoted', () => {
    expect(refusal('machine: {}\n', 'machine: {nodeLabels: {built: 2026-01-31}}')).toContain('is a date')
    expect(applyPatches('machine: {}\n', ['machine: {nodeLabels: {built: "2026-01-31"}}']).ok).toBe(true)
    expect(applyPatches('machine: {}\n', ['machine: {nodeLabels: {built: 2026-01-31}}'], '1.12').ok).toBe(true)
  })

  test.each([
    ['"on"', true],
    ["'yes'", true],
    ['Off', false],
    ['"No"', false],
  ])('%s is a truth', (word, truth) => {
    expect(merged('machine: {}\n', `debug: ${word}`)).toMatchObject({ debug: truth })
  })

  test.each(['"true"', '"oN"', 'tRue'])('%s is none', (word) => {
    expect(refusal('machine: {}\n', `debug: ${word}`)).toContain('must be true or false')
  })
})

describe('search domains', () => {
  const resolver = (domains: string) => doc('ResolverConfig', `searchDomains: {domains: ${domains}}\n`)
  test.each([
    ['1.12', '[a]', '[b]', ['a', 'b']],
    ['1.13', '[a]', '[]', ['a']],
    ['1.14', '[a]', '[b]', ['b']],
    ['1.14', '[a]', '[]', []],
    ['1.14', '[]', 'null', []],
    ['1.14', '[a]', 'null', ['a']],
  ] as const)('of Talos %s are %s with %s: %j', (minor, config, patch, domains) => {
    const result = applyPatches(resolver(config), [resolver(patch)], minor)
    expect(result.ok && (parse(result.value) as unknown)).toMatchObject({ searchDomains: { domains } })
  })

  test('that are empty mean nothing before Talos 1.14', () => {
    const nameserver = doc('ResolverConfig', 'nameservers: [{address: 1.1.1.1}]\n')
    const result = applyPatches(resolver('[]'), [nameserver], '1.13')
    expect(result.ok && (parse(result.value) as unknown)).not.toHaveProperty('searchDomains')
  })

  test.each([
    ['1.13', 'cluster: {controlPlane: {endpoint: "https://a:6443"}}\n'],
    ['1.14', 'machine: {type: worker}\n'],
    ['1.14', `machine: {}\n---\n${doc('KubeClusterConfig', 'clusterName: a\n')}`],
    ['1.14', 'a: ['],
  ])('go by the rules of %s for a configuration of unknown origin that looks like it', (minor, config) => {
    expect(guessMinor(config)).toBe(minor)
  })
})

describe('patches that cannot be read', () => {
  test.each([
    ['an unknown field', 'machine: {hostname: x}', 'patch 2: v1alpha1 has no field machine.hostname'],
    ['a value of another type', 'machine: {certSANs: a}', 'patch 2: machine.certSANs of v1alpha1 must be a list'],
    [
      'a key given twice',
      'machine: {type: a, type: b}',
      'patch 2: machine.type of v1alpha1 is here for the second time',
    ],
    ['no kind', 'apiVersion: v1alpha1\nname: x', 'patch 2: there is no document without apiVersion and kind'],
    ['broken YAML', 'a: [', 'patch 2: not YAML'],
    ['nesting without end', '['.repeat(20_000), 'patch 2: not YAML'],
    ['aliases without end', `machine: {pods: [&a {x: 1}, ${'*a, '.repeat(200)}]}`, 'aliases'],
  ])('for %s are refused, and nothing is changed', (_, patch, words) => {
    expect(refusal('machine: {type: worker}\n', 'machine: {token: a}', patch)).toContain(words)
  })

  test('are refused for a configuration that holds nothing, too', () => {
    expect(refusal('# empty\n', 'machine: {}')).toBe('configuration: there is no document in it')
  })

  test('or hold nothing do nothing', () => {
    const config = '# mine\nmachine: {type: worker}\n'
    expect(applyPatches(config, ['', '# only a comment\n', 'null'])).toEqual({ ok: true, value: config })
  })
})
