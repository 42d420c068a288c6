import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { kubeconfigYaml, mintKubernetesClient, mintTalosClient, talosconfigYaml } from '#agent/vault/mint.ts'

const HOUR_MS = 3_600_000
const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a kubeconfig holds all that kubectl needs and names its context after user and cluster', async () => {
  const identity = await mintKubernetesClient(await aBundle(), { user: 'ana', groups: [] }, HOUR_MS, Date.now())
  const server = 'https://192.168.1.50:6443'
  const config = kubeconfigYaml({ clusterName: 'home', server, user: 'ana', identity })
  expect(String(config)).toBe('[secret]')
  expect(parse(config.reveal())).toEqual({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'home', cluster: { server, 'certificate-authority-data': base64(identity.ca) } }],
    users: [
      {
        name: 'ana@home',
        user: {
          'client-certificate-data': base64(identity.cert),
          'client-key-data': base64(identity.key.reveal()),
        },
      },
    ],
    contexts: [{ name: 'ana@home', context: { cluster: 'home', namespace: 'default', user: 'ana@home' } }],
    'current-context': 'ana@home',
  })
})

test('a kubeconfig for the lab goes through its proxy', async () => {
  const identity = await mintKubernetesClient(await aBundle(), { user: 'ana', groups: [] }, HOUR_MS, Date.now())
  const proxyUrl = 'socks5://127.0.0.1:1080'
  const config = kubeconfigYaml({ clusterName: 'home', server: 'https://x:6443', user: 'ana', identity, proxyUrl })
  expect(parse(config.reveal())).toMatchObject({ clusters: [{ cluster: { 'proxy-url': proxyUrl } }] })
})

test('a talosconfig holds all that talosctl needs', async () => {
  const identity = await mintTalosClient(await aBundle(), ['os:admin'], HOUR_MS, Date.now())
  const config = talosconfigYaml({ clusterName: 'home', endpoints: ['192.168.1.51', '192.168.1.52'], identity })
  expect(parse(config.reveal())).toEqual({
    context: 'home',
    contexts: {
      home: {
        endpoints: ['192.168.1.51', '192.168.1.52'],
        ca: base64(identity.ca),
        crt: base64(identity.cert),
        key: base64(identity.key.reveal()),
      },
    },
  })
})
