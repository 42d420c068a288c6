// Command talos-generate lets Talos's own library generate and judge machine configurations, so that this project's can
// be compared with it. It reads one JSON object a line, a request below, and answers each with {"Out", "Warnings", "Err"}.
//
// An extra that needs Go and, once, the network; from the top of the project:
//
//	npx node test/extra/build-peers.ts talos-generate > /tmp/peers.env && . /tmp/peers.env && npm run test:extra
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

type request struct {
	// Op is generate, validate, bundle, secrets, talosconfig or client.
	Op string

	// Text is what is judged.
	Text   string
	Mode   string
	Strict bool

	Contract   string
	Secrets    string
	Cluster    string
	Endpoint   string
	Kubernetes string
	Type       string
	Sans       []string
	Disk       string
	Image      string
	DNSDomain  string
	Mirrors    map[string][]string
	CNI        string
	KernelArgs []string
	Sysctls    map[string]string
	Scheduling bool
	APIPort    int
	KubePrism  *int
	Discovery  *bool
}

type answer struct {
	Out      string
	Warnings []string
	Err      string
}

// mode is one of the three in which talosctl validates.
type mode string

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }

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

func safely(asked request) (given answer) {
	defer func() {
		if cause := recover(); cause != nil {
			given = answer{Err: fmt.Sprint("panic: ", cause)}
		}
	}()

	text, warnings, err := run(asked)
	if err != nil {
		return answer{Warnings: warnings, Err: err.Error()}
	}

	return answer{Out: text, Warnings: warnings}
}

func run(asked request) (string, []string, error) {
	switch asked.Op {
	case "generate":
		text, err := generated(asked)

		return text, nil, err
	case "validate":
		warnings, err := validate(asked)

		return "", warnings, err
	case "bundle":
		text, err := newBundle(asked.Contract)

		return text, nil, err
	case "client":
		text, err := newClient(asked.Text, asked.Contract)

		return text, nil, err
	case "secrets":
		_, err := loadSecrets(asked.Text, asked.Contract)

		return "", nil, err
	case "talosconfig":
		_, err := clientconfig.FromString(asked.Text)

		return "", nil, err
	default:
		return "", nil, fmt.Errorf("no such operation: %q", asked.Op)
	}
}

func validate(asked request) ([]string, error) {
	loaded, err := configloader.NewFromBytes([]byte(asked.Text))
	if err != nil {
		return nil, err
	}

	options := []validation.Option{validation.WithLocal()}
	if asked.Strict {
		options = append(options, validation.WithStrict())
	}

	// From 1.14 on there are two ways to validate, and talosctl goes this one.
	if client, ok := any(loaded).(interface {
		ValidateAsClient(validation.RuntimeMode, ...validation.Option) ([]string, error)
	}); ok {
		return client.ValidateAsClient(mode(asked.Mode), options...)
	}

	return loaded.Validate(mode(asked.Mode), options...)
}

// newBundle makes secrets as gen secrets of talosctl does.
func newBundle(contractName string) (string, error) {
	contract, err := config.ParseContractFromVersion("v" + contractName)
	if err != nil {
		return "", err
	}

	bundle, err := secrets.NewBundle(secrets.NewClock(), contract)
	if err != nil {
		return "", err
	}

	text, err := encoder.NewEncoder(bundle, encoder.WithComments(encoder.CommentsDisabled)).Encode()

	return string(text), err
}

// newClient makes an administrator's certificate of the bundle in the text; key and certificate follow each other.
func newClient(text, contractName string) (string, error) {
	bundle, err := loadSecrets(text, contractName)
	if err != nil {
		return "", err
	}

	client, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin, role.EtcdBackup))
	if err != nil {
		return "", err
	}

	return string(client.Key) + string(client.Crt), nil
}

func loadSecrets(text, contractName string) (*secrets.Bundle, error) {
	file, err := os.CreateTemp("", "talos-generate-*")
	if err != nil {
		return nil, err
	}

	defer os.Remove(file.Name()) //nolint:errcheck

	if _, err = file.WriteString(text); err != nil {
		return nil, err
	}

	if err = file.Close(); err != nil {
		return nil, err
	}

	bundle, err := secrets.LoadBundle(file.Name())
	if err != nil {
		return nil, err
	}

	contract, err := config.ParseContractFromVersion("v" + contractName)
	if err != nil {
		return nil, err
	}

	// The method got an argument in 1.14.
	switch valid := any(bundle).(type) {
	case interface{ Validate() error }:
		err = valid.Validate()
	case interface {
		Validate(*config.VersionContract) error
	}:
		err = valid.Validate(contract)
	}

	return bundle, err
}

func generated(asked request) (string, error) {
	contract, err := config.ParseContractFromVersion("v" + asked.Contract)
	if err != nil {
		return "", err
	}

	bundle, err := loadSecrets(asked.Secrets, asked.Contract)
	if err != nil {
		return "", err
	}

	options := []generate.Option{
		generate.WithVersionContract(contract),
		generate.WithSecretsBundle(bundle),
		generate.WithInstallDisk(asked.Disk),
		generate.WithInstallImage(asked.Image),
		generate.WithInstallExtraKernelArgs(asked.KernelArgs),
		generate.WithAdditionalSubjectAltNames(asked.Sans),
		generate.WithSysctls(asked.Sysctls),
		customCNI(asked.CNI),
		generate.WithAllowSchedulingOnControlPlanes(asked.Scheduling),
		generate.WithLocalAPIServerPort(asked.APIPort),
	}

	if asked.DNSDomain != "" {
		options = append(options, generate.WithDNSDomain(asked.DNSDomain))
	}

	if asked.KubePrism != nil {
		options = append(options, generate.WithKubePrismPort(*asked.KubePrism))
	}

	if asked.Discovery != nil {
		options = append(options, generate.WithClusterDiscovery(*asked.Discovery))
	}

	for host, endpoints := range asked.Mirrors {
		options = append(options, generate.WithRegistryMirror(host, endpoints...))
	}

	input, err := generate.NewInput(asked.Cluster, asked.Endpoint, asked.Kubernetes, options...)
	if err != nil {
		return "", err
	}

	kind, err := machine.ParseType(asked.Type)
	if err != nil {
		return "", err
	}

	provider, err := input.Config(kind)
	if err != nil {
		return "", err
	}

	text, err := provider.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))

	return string(text), err
}

// customCNI sets an option that was a structure before 1.14.
func customCNI(url string) generate.Option {
	return func(options *generate.Options) error {
		if url == "" {
			return nil
		}

		fields := reflect.ValueOf(options).Elem()

		if field := fields.FieldByName("CNICustomURL"); field.IsValid() {
			field.SetString(url)

			return nil
		}

		fields.FieldByName("CNIConfig").Set(
			reflect.ValueOf(&v1alpha1.CNIConfig{CNIName: "custom", CNIUrls: []string{url}}),
		)

		return nil
	}
}
