module lanline/talos-schematic

go 1.26.6

// Where a proxy does not have it, a checkout beside this folder does:
// go mod edit -replace github.com/siderolabs/image-factory=../checkout && go mod tidy
require github.com/siderolabs/image-factory v1.5.0
