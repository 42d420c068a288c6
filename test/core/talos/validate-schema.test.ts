import { beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { aFullConfigInput, variedInputs } from '#test/support/full-config-input.ts'
import { schemaErrors, type JsonSchema } from '#test/support/json-schema.ts'
import { mutate } from '#test/support/mutate-config.ts'
import { seededRandom, seeds } from '#test/support/random.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig, toDocuments } from '#core/talos/machine-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'

/** Our own checks against the JSON schema that Talos publishes for each of its minors. */
let bundle: SecretsBundle
beforeAll(async () => {
  bundle = await aBundle()
})

const ROLES = ['controlplane', 'worker'] as const
const CASES = TALOS_CONTRACTS.flatMap((contract) => ROLES.map((role) => [contract, role] as const))
const inputsOf = (contract: TalosContract, role: (typeof ROLES)[number]) => [
  aFullConfigInput(contract, role, bundle),
  ...variedInputs(contract, role, bundle).map(([, input]) => input),
]

describe('everything we render', () => {
  test.for(CASES)('in contract %s for a %s fits the schema and passes our checks', ([contract, role], context) => {
    const schema = schemaOf(contract, context)
    for (const input of inputsOf(contract, role)) {
      for (const document of toDocuments(input)) expect(faultsBySchema(document, schema)).toEqual([])
      expect(validateConfig(renderMachineConfig(input), { minor: contract, role })).toEqual([])
    }
  })

  test.for(CASES)('in contract %s for a %s passes the checks of every newer Talos', ([contract, role]) => {
    const newer = TALOS_CONTRACTS.slice(TALOS_CONTRACTS.indexOf(contract))
    const yaml = renderMachineConfig(aFullConfigInput(contract, role, bundle))
    for (const minor of newer) expect(validateConfig(yaml, { minor, role })).toEqual([])
  })
})

test.for(TALOS_CONTRACTS)(
  'what the schema of Talos %s refuses, we refuse',
  { timeout: 20_000 },
  (contract, context) => {
    const schema = schemaOf(contract, context)
    const missed: string[] = []
    let refused = 0
    for (const role of ROLES) {
      const documents = parseAllDocuments(renderMachineConfig(aFullConfigInput(contract, role, bundle))).map(
        (document) => document.toJS() as unknown,
      )
      const texts = documents.map((document) => stringify(document))
      for (const seed of seeds(25)) {
        const mutation = mutate(documents, seededRandom(seed))
        if (faultsBySchema(mutation.documents[mutation.changed], schema).length === 0) continue
        refused++
        const yaml = texts.with(mutation.changed, stringify(mutation.documents[mutation.changed])).join('---\n')
        if (validateConfig(yaml, { minor: contract, role }).length === 0) missed.push(`seed ${seed}: ${mutation.what}`)
      }
    }
    process.stdout.write(
      `validation: of ${refused} broken configurations that the schema of Talos ${contract} refuses we refuse ${refused - missed.length}\n`,
    )
    expect(refused).toBeGreaterThan(30)
    expect(missed).toEqual([])
  },
)

const schemaOf = (contract: TalosContract, context: Parameters<typeof readVector>[1]): JsonSchema =>
  JSON.parse(readVector(`talos/schema/config.schema-${contract}.json`, context)) as JsonSchema

/** By the definition of its own kind, because a choice among ninety says little about what is wrong. */
function faultsBySchema(document: unknown, schema: JsonSchema): readonly string[] {
  const { kind, ...members } = document as Record<string, unknown>
  const roots = (schema.oneOf ?? []).map(({ $ref }) => schema.$defs?.[$ref?.replace('#/$defs/', '') ?? ''])
  const root = roots.find((root) =>
    kind === undefined ? !root?.properties?.['kind'] : kindsOf(root).includes(schemaName(kind)),
  )
  if (!root) return [`no kind ${JSON.stringify(kind)}`]
  const value = kind === undefined ? withoutHidden(members) : { kind: schemaName(kind), ...members }
  return schemaErrors(value, root, schema)
}

const kindsOf = (root: JsonSchema | undefined): readonly unknown[] => root?.properties?.['kind']?.enum ?? []

/** The schema of 1.14 names this kind as no node does. */
const schemaName = (kind: unknown): unknown => (kind === 'UnattendedInstallConfig' ? 'UnattendedInstall' : kind)

/** The published schema does not know these, which the upstream generator writes all the same. */
function withoutHidden(main: Record<string, unknown>): unknown {
  const { persist: _, ...rest } = structuredClone(main)
  const machine = rest['machine'] as { install?: Record<string, unknown>; network?: unknown } | undefined
  if (machine?.install && typeof machine.install === 'object') delete machine.install['extraKernelArgs']
  return rest
}
