module lanline/talos-schematic

go 1.26.6

// Where a proxy does not have it, a checkout does: see LANLINE_GO_REPLACE in ../build-peers.ts, which also writes go.sum.
require github.com/siderolabs/image-factory v1.5.0
