import { describe, expect, test } from 'vitest'
import { checkKubernetesOnTalos, contractForNewCluster, parseVersion } from '#core/talos/versions.ts'

describe('versions', () => {
  test.each([
    ['v1.13.9', { major: 1, minor: 13, patch: 9 }],
    ['1.13.9', undefined],
    ['v1.13', undefined],
    ['v1.13.9-rc.0', undefined],
    ['v01.13.9', undefined],
  ])('reads %s', (text, version) => {
    expect(parseVersion(text)).toEqual(version)
  })

  test.each(['v1.31.0', 'v1.36.3'])('[P9] Talos 1.13 runs Kubernetes %s', (kubernetes) => {
    expect(contractForNewCluster('v1.13.9', kubernetes)).toEqual({ ok: true, value: '1.13' })
  })

  test.each(['v1.30.9', 'v1.37.0', 'v2.33.0', 'latest'])('[P9] Talos 1.13 does not run Kubernetes %s', (kubernetes) => {
    expect(contractForNewCluster('v1.13.9', kubernetes)).toMatchObject({
      ok: false,
      error: { code: 'unsupported-version', facts: { field: 'kubernetes', supported: ['1.31 to 1.36'] } },
    })
  })

  test.each([
    ['v1.12.11', 'v1.30.0', '1.12'],
    ['v1.12.11', 'v1.35.4', '1.12'],
    ['v1.14.0', 'v1.32.0', '1.14'],
    ['v1.14.0', 'v1.37.0', '1.14'],
  ])('[P9] a cluster born with Talos %s and Kubernetes %s has contract %s', (talos, kubernetes, contract) => {
    expect(contractForNewCluster(talos, kubernetes)).toEqual({ ok: true, value: contract })
  })

  test.each([
    ['1.12', 'v1.36.0'],
    ['1.14', 'v1.31.9'],
    ['1.14', 'v1.38.0'],
  ] as const)('[P9] Talos %s does not run Kubernetes %s', (minor, kubernetes) => {
    expect(checkKubernetesOnTalos(minor, kubernetes).ok).toBe(false)
  })

  test('[P9] a Talos minor without a contract is refused by name', () => {
    expect(contractForNewCluster('v1.99.0', 'v1.36.3')).toMatchObject({
      ok: false,
      error: { code: 'unsupported-version', facts: { field: 'talos', supported: ['1.12', '1.13', '1.14'] } },
    })
  })
})
