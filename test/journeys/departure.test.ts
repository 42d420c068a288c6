import { describeDeparting } from '#test/trip/support/departing.ts'
import { moments } from '#test/trip/support/moments.ts'
import { useStage } from '#test/trip/support/trip.ts'

describeDeparting(useStage(), moments)
