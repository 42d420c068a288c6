import { wish, type Rule } from '../rule.ts'

/**
 * A cluster gets its secrets bundle once, in the agent, as soon as it is sure that its machines have a place.
 *
 * The cloud stores the ciphertext before it counts the operation as done, so a version above 0 is the effect.
 */
export const secrets: Rule = ({ view, documents, contract, wanted, deleting }) => {
  if (deleting || view.secretsVersion > 0 || !wanted.every((machine) => machine.placement)) return []
  const { cluster } = documents
  return [
    wish('secrets.create', cluster.uid, cluster.metadata.name, {
      clusterUid: cluster.uid,
      clusterName: cluster.metadata.name,
      version: 1,
      talosVersion: cluster.spec.talos.version,
      contract,
    }),
  ]
}
