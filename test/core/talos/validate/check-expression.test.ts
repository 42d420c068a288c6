import { describe, expect, test } from 'vitest'
import { expressionFault } from '#core/talos/validate/check-expression.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { documentWith, REFUSED, TAKEN } from './expressions.ts'

describe('an expression is taken by what Talos declares at its place', () => {
  test.each(TAKEN)('%s: %s', (kind, expression) => {
    expect(expressionFault(kind, expression, 14)).toBeUndefined()
  })
})

describe('an expression that no node compiles is refused with its reason', () => {
  test.each(REFUSED)('%s: %s', (kind, expression, words) => {
    expect(expressionFault(kind, expression, 14)).toContain(words)
  })
})

test.each([
  ['disk', 'disk.firmware_version == "1"', 14],
  ['link', 'link.vrf_master.table == 1', 13],
  ['link', 'link.veth.peer_name == "a"', 14],
] as const)('%s: %s is known from Talos 1.%i on', (kind, expression, since) => {
  expect(expressionFault(kind, expression, since)).toBeUndefined()
  expect(expressionFault(kind, expression, since - 1)).toContain('No such key')
})

test('an expression of more parts than a person writes is refused', () => {
  expect(expressionFault('disk', Array(600).fill('system_disk').join(' && '), 14)).toContain('Exceeded')
  expect(expressionFault('disk', '('.repeat(10_000), 14)).toContain('Exceeded')
})

test.each([
  ['disk', 'RawVolumeConfig/a', 'provisioning.diskSelector.match'],
  ['volume', 'ExistingVolumeConfig/a', 'discovery.volumeSelector.match'],
  ['member', 'LVMVolumeGroupConfig/a', 'provisioning.volumeSelector.match'],
  ['link', 'LinkAliasConfig/net7', 'selector.match'],
  ['oom-trigger', 'OOMConfig', 'triggerExpression'],
  ['oom-ranking', 'OOMConfig', 'cgroupRankingExpression'],
] as const)('a wrong expression of a %s is a fault of its document and field', async (kind, document, field) => {
  const base = { ...aConfigInput(await aBundle()), contract: '1.14' as const }
  const config = `${renderMachineConfig(base)}---\napiVersion: v1alpha1\n${documentWith(kind, 'nothing > 1')}`
  expect(validateConfig(config, { minor: '1.14', role: 'controlplane' })).toEqual([
    { document, field, message: 'is no expression that Talos takes: Unknown variable: nothing' },
  ])
})
