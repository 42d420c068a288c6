import { describeChanging } from './support/changing.ts'
import { useStage } from './support/trip.ts'

/** Before a machine is there, while etcd starts, and afterwards; `npm run test:journeys` has every phase. */
describeChanging(useStage(), ['creating', 'bootstrapping', 'ready'])
