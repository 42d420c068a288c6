// Command talos-merge lets Talos's own library apply patches, so that this project's can be compared with it. It reads
// one JSON object a line, {"Config", "Patches"}, and answers each with {"Out", "Err"}; with "Load" it only reads the
// configuration and writes it again.
//
// An extra that needs Go and, once, the network; from the top of the project:
//
//	npx node test/extra/build-peers.ts talos-merge > /tmp/peers.env && . /tmp/peers.env && npm run test:extra
//
// LANLINE_TALOS_MERGE_CASES and LANLINE_TALOS_MERGE_SEED say how many random patches there are and where they begin.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
)

type request struct {
	Config  string
	Patches []string
	Load    bool
}

type answer struct {
	Out string
	Err string
}

const maxLineBytes = 64 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)

	answers := json.NewEncoder(os.Stdout)

	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}

		if err := answers.Encode(safely(asked)); err != nil {
			panic(err)
		}
	}
}

// safely turns a panic of the library into an answer: a hostile patch can cause one.
func safely(asked request) (given answer) {
	defer func() {
		if cause := recover(); cause != nil {
			given = answer{Err: fmt.Sprint("panic: ", cause)}
		}
	}()

	text, err := run(asked)
	if err != nil {
		return answer{Err: err.Error()}
	}

	return answer{Out: string(text)}
}

func run(asked request) ([]byte, error) {
	loaded, err := configloader.NewFromBytes([]byte(asked.Config))
	if err != nil {
		return nil, err
	}

	if asked.Load {
		return encode(loaded.Clone())
	}

	patches := make([]configpatcher.Patch, 0, len(asked.Patches))

	for _, text := range asked.Patches {
		patch, err := configpatcher.LoadPatch([]byte(text))
		if err != nil {
			return nil, err
		}

		patches = append(patches, patch)
	}

	patched, err := configpatcher.Apply(configpatcher.WithBytes([]byte(asked.Config)), patches)
	if err != nil {
		return nil, err
	}

	return patched.Bytes()
}

func encode(provider config.Provider) ([]byte, error) {
	return provider.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
}
