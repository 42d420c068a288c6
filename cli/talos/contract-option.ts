import { InvalidArgumentError } from 'commander'
import { findContractName, TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'

/** `1.14` or `v1.14`. */
export function readContract(text: string): TalosContract {
  const contract = findContractName(text.replace(/^v/, ''))
  if (!contract) throw new InvalidArgumentError(`Lanline knows Talos ${TALOS_CONTRACTS.join(', ')}.`)
  return contract
}
