import { beforeAll, expect, test } from 'vitest'
import { aClass } from '../../db/builders.ts'
import { call, migrate } from './client.ts'

beforeAll(migrate)

const WRITER_COUNT = 12

test('[A5] a dozen who write the same class at once are all heard, one after the other', async () => {
  const answers = await Promise.all(
    Array.from({ length: WRITER_COUNT }, (_, index) =>
      call('POST', '/v1/apply', { body: { documents: [aClass('shared', { cpu: index + 2 })] } }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: WRITER_COUNT }, () => 200))
  const { body } = await call<{ metadata: { generation: number } }>('GET', '/v1/machineclasses/shared')
  expect(body.metadata.generation).toBe(WRITER_COUNT)
})
