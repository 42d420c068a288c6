import type { OperationKind } from '#core/model/operation.ts'
import { err } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { Handlers } from '#agent/run/perform.ts'

/** Handlers of which a test writes only the ones it uses; the others refuse. */
export function handlersThat(changes: Partial<Handlers>): Handlers {
  const refuse = async () => err(problem('internal', { text: 'this test did not expect this kind' }))
  const all: { readonly [K in OperationKind]: () => Promise<ReturnType<typeof err<ReturnType<typeof problem>>>> } = {
    'secrets.create': refuse,
    'image.ensure': refuse,
    'machine.create': refuse,
    'machine.start': refuse,
    'machine.resize': refuse,
    'machine.configure': refuse,
    'etcd.bootstrap': refuse,
    'cluster.check': refuse,
    'machine.remove': refuse,
  }
  return { ...all, ...changes }
}

/** A promise that the test settles. */
export function held<T>(): { readonly promise: Promise<T>; readonly settle: (value: T) => void } {
  let settle: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    settle = resolve
  })
  return { promise, settle }
}
