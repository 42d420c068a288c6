// Command talos-schematic lets the Image Factory's own code say the id of schematics, so that this project's can be
// compared with it. It reads one JSON text a line, the YAML of a schematic, and answers each with {"ID", "YAML", "Err"}.
//
// An extra that needs Go and, once, the network; from the top of the project:
//
//	npx node test/extra/build-peers.ts talos-schematic > /tmp/peers.env && . /tmp/peers.env && npm run test:extra
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/siderolabs/image-factory/pkg/schematic"
)

type answer struct {
	ID   string
	YAML string
	Err  string
}

const maxLineBytes = 64 << 20

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)

	answers := json.NewEncoder(os.Stdout)

	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}

		if err := answers.Encode(identify(text)); err != nil {
			panic(err)
		}
	}
}

func identify(text string) (given answer) {
	defer func() {
		if cause := recover(); cause != nil {
			given = answer{Err: fmt.Sprint("panic: ", cause)}
		}
	}()

	parsed, err := schematic.Unmarshal([]byte(text))
	if err != nil {
		return answer{Err: err.Error()}
	}

	written, err := parsed.Marshal()
	if err != nil {
		return answer{Err: err.Error()}
	}

	id, err := parsed.ID()
	if err != nil {
		return answer{Err: err.Error()}
	}

	return answer{ID: id, YAML: string(written)}
}
