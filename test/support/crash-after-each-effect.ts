import type { Result } from '#core/base/result.ts'
import type { OperationInput, OperationKind, OperationOutput } from '#core/model/operation.ts'
import type { Problem } from '#core/model/problem.ts'
import type { HandlerDeps } from '#agent/operations/deps.ts'
import type { OperationHandler, StepJournal } from '#agent/operations/handler.ts'
import { handlerContext, memorySteps } from './step-journal.ts'

/**
 * Kills a handler once after every effect it has, each time in a world of its own, and starts it again with what its
 * journal remembers. An effect is whatever outlives the handler: a call that changes the world, or a commit. The answer
 * to the call is lost with the handler.
 */
export interface CrashWorld<K extends OperationKind> {
  readonly deps: HandlerDeps
  readonly input: OperationInput<K>
  /** Throws when the world is not as one undisturbed run would have left it. */
  check(result: Result<OperationOutput<K>, Problem>): void
  close(): Promise<void>
}

export interface CrashReport {
  /** Names of the effects after which the handler was killed, in the order of an undisturbed run. */
  readonly effects: readonly string[]
}

const EFFECTS: ReadonlySet<string> = new Set([
  'startDownload',
  'startCreation',
  'startUpload',
  'setTags',
  'setProtection',
  'releaseFromHa',
  'ejectMedia',
  'deleteImage',
  'startResize',
  'startChange',
  'startGrowth',
  'startShutdown',
  'startPowerOn',
  'startPowerOff',
  'startDestruction',
  'deleteLeftover',
  'register',
  'ensureSealed',
  'applyConfiguration',
  'bootstrap',
  'forfeitLeadership',
  'leaveEtcd',
  'removeMember',
  'deleteNode',
  'cordon',
  'uncordon',
  'evictPod',
  'intend',
  'rememberHandle',
  'done',
])

class Crash extends Error {}

/** Far above what any handler has; a handler that never ends its effects is a finding, not a long test. */
const MAX_EFFECTS = 40

/** Worlds share nothing, and each mostly waits for its own sockets and timers. */
const AT_ONCE = 4

export async function crashAfterEachEffect<K extends OperationKind>(
  createHandler: (deps: HandlerDeps) => OperationHandler<K>,
  createWorld: () => Promise<CrashWorld<K>>,
): Promise<CrashReport> {
  for (let first = 1; first <= MAX_EFFECTS; first += AT_ONCE) {
    const lives = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => liveThrough(first + index, createHandler, createWorld)),
    )
    const undisturbed = lives.find((effects) => effects !== undefined)
    if (undisturbed) return { effects: undisturbed }
  }
  throw new Error(`more than ${MAX_EFFECTS} effects`)
}

/** One world, in which the handler is killed once and started again; its effects if it ended before that. */
async function liveThrough<K extends OperationKind>(
  crashAt: number,
  createHandler: (deps: HandlerDeps) => OperationHandler<K>,
  createWorld: () => Promise<CrashWorld<K>>,
): Promise<readonly string[] | undefined> {
  const world = await createWorld()
  try {
    const steps = memorySteps()
    const effects: string[] = []
    const died = await runUntil(crashAt, { createHandler, world, steps, effects })
    if (!died.crashed) {
      world.check(died.result)
      return effects
    }
    const again = await createHandler(world.deps)(world.input, handlerContext({ steps }))
    try {
      world.check(again)
    } catch (cause) {
      throw new Error(`killed after effect ${crashAt}, ${effects.at(-1)}: it did not converge`, { cause })
    }
    return undefined
  } finally {
    await world.close()
  }
}

interface Run<K extends OperationKind> {
  readonly createHandler: (deps: HandlerDeps) => OperationHandler<K>
  readonly world: CrashWorld<K>
  readonly steps: StepJournal
  readonly effects: string[]
}

async function runUntil<K extends OperationKind>(
  crashAt: number,
  { createHandler, world, steps, effects }: Run<K>,
): Promise<{ crashed: true } | { crashed: false; result: Result<OperationOutput<K>, Problem> }> {
  const happened = (name: string): void => {
    effects.push(name)
    if (effects.length === crashAt) throw new Crash()
  }
  const { talos, kubernetes } = world.deps
  const deps: HandlerDeps = {
    ...world.deps,
    provider: watched(world.deps.provider, happened),
    secrets: watched(world.deps.secrets, happened),
    factory: watched(world.deps.factory, happened),
    talos: { ...talos, connect: (...to) => watched(talos.connect(...to), happened) },
    kubernetes: { connect: (...to) => watched(kubernetes.connect(...to), happened) },
  }
  try {
    const result = await createHandler(deps)(world.input, handlerContext({ steps: watched(steps, happened) }))
    return { crashed: false, result }
  } catch (thrown) {
    if (thrown instanceof Crash) return { crashed: true }
    throw thrown
  }
}

/** The same thing, telling of each effect when it has happened. */
function watched<T extends object>(target: T, happened: (name: string) => void): T {
  return new Proxy(target, {
    get(object, name, receiver) {
      const member: unknown = Reflect.get(object, name, receiver)
      if (typeof member !== 'function' || typeof name !== 'string' || !EFFECTS.has(name)) return member
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, object, given)
        if (!(answer instanceof Promise)) {
          happened(name)
          return answer
        }
        return answer.then((value: unknown) => {
          happened(name)
          return value
        })
      }
    },
  })
}
