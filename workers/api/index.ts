import { createApp } from './app.ts'
import type { ApiBindings } from './env.ts'
import { keepHouse } from './housekeeping.ts'

/** The API Worker. It answers HTTP, and once a day it takes away what nobody can need any more. It has no state. */
const app = createApp()

export default {
  fetch: app.fetch,
  scheduled: (controller, env) => keepHouse(env, controller.scheduledTime),
} satisfies ExportedHandler<ApiBindings>
