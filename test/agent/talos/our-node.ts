import { servingCertificate } from '#test/support/serving-certificate.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { dialerTo, startTalosServer, type TalosAnswers } from '#test/support/talos-server.ts'
import { talosNode, type TalosNodeOptions } from '#agent/talos/grpc-node.ts'
import type { TalosLimits } from '#agent/talos/limits.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { mintTalosClient } from '#agent/vault/mint.ts'
import { pemOf } from '#agent/vault/pki.ts'

export const ADDRESS = '192.168.1.51'
const HOUR_MS = 3_600_000

const open: { close(): unknown }[] = []

/** For what a test opened itself. */
export const closeLater = (thing: { close(): unknown }) => void open.push(thing)

export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0)) await thing.close()
}

export const adminCredentials = async () => mintTalosClient(await aBundle(), ['os:admin'], HOUR_MS, Date.now())

type Options = Pick<TalosNodeOptions, 'clock' | 'uuid'> & { readonly limits?: Partial<TalosLimits> }

/** A node of our cluster with these answers, and our client of it. */
export async function aNode(answers: TalosAnswers, options: Options = {}) {
  const { certs } = await aBundle()
  const serving = await servingCertificate({ authority: certs.os, addresses: [ADDRESS] })
  const server = await startTalosServer({ serving, clientCa: pemOf(certs.os.crt), answers })
  const dialer = dialerTo(new Map([[ADDRESS, server.port]]))
  const node = talosNode({ dialer, address: ADDRESS, credentials: await adminCredentials(), ...options })
  open.push(node, server)
  return { node, server, dialer }
}

export const nodeWith = async (answers: TalosAnswers, options: Options = {}): Promise<TalosNode> =>
  (await aNode(answers, options)).node
