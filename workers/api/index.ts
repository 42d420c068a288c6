import { createApp } from './app.ts'

/** The API Worker. It answers HTTP and nothing else: no queue, no cron, no state. */
const app = createApp()

export default { fetch: app.fetch }
