import { describeChanging } from '#test/trip/support/changing.ts'
import { moments } from '#test/trip/support/moments.ts'
import { useStage } from '#test/trip/support/trip.ts'

describeChanging(useStage(), moments)
