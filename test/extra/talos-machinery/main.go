// Command talos-machinery lets Talos's own library judge what this project makes. Of the folder it is given it loads
// secrets.yaml, checks talos.crt and kubernetes.crt as clients of these secrets' authorities, loads and validates every
// other YAML file the way a node does, and prints one line of JSON for each. It exits with 1 when any is refused.
//
// An extra that needs Go and, once, the network; from the top of the project:
//
//	npx node test/extra/build-peers.ts talos-machinery > /tmp/peers.env && . /tmp/peers.env && npm run test:extra
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// cloud is the mode of a node that runs from a disk image: nothing is installed.
type cloud struct{}

func (cloud) String() string        { return "cloud" }
func (cloud) RequiresInstall() bool { return false }
func (cloud) InContainer() bool     { return false }

type verdict struct {
	File     string   `json:"file"`
	Warnings []string `json:"warnings"`
	Error    string   `json:"error,omitempty"`
}

func main() {
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.*"))
	if err != nil {
		panic(err)
	}

	failed := false

	for _, file := range files {
		result := verdict{File: filepath.Base(file), Warnings: []string{}}

		warnings, err := judge(file)
		if err != nil {
			result.Error = err.Error()
			failed = true
		}

		result.Warnings = append(result.Warnings, warnings...)

		line, err := json.Marshal(result)
		if err != nil {
			panic(err)
		}

		fmt.Println(string(line))
	}

	if failed {
		os.Exit(1)
	}
}

func judge(file string) ([]string, error) {
	switch filepath.Base(file) {
	case "secrets.yaml":
		return nil, judgeSecrets(file)
	case "talos.crt", "kubernetes.crt":
		return nil, judgeClient(file)
	}

	loaded, err := configloader.NewFromFile(file)
	if err != nil {
		return nil, err
	}

	return loaded.Validate(cloud{})
}

func judgeSecrets(file string) error {
	bundle, err := secrets.LoadBundle(file)
	if err != nil {
		return err
	}

	if err := validateSecrets(bundle); err != nil {
		return err
	}

	for _, pair := range []struct{ Crt, Key []byte }{
		{bundle.Certs.Etcd.Crt, bundle.Certs.Etcd.Key},
		{bundle.Certs.K8s.Crt, bundle.Certs.K8s.Key},
		{bundle.Certs.K8sAggregator.Crt, bundle.Certs.K8sAggregator.Key},
		{bundle.Certs.OS.Crt, bundle.Certs.OS.Key},
	} {
		if _, err := tls.X509KeyPair(pair.Crt, pair.Key); err != nil {
			return err
		}
	}

	_, err = bundle.Certs.K8sServiceAccount.GetKey()

	return err
}

// validateSecrets calls a method that got an argument in 1.14.
func validateSecrets(bundle *secrets.Bundle) error {
	switch valid := any(bundle).(type) {
	case interface{ Validate() error }:
		return valid.Validate()
	case interface {
		Validate(contract *config.VersionContract) error
	}:
		return valid.Validate(config.TalosVersionCurrent)
	default:
		return fmt.Errorf("the bundle cannot be validated")
	}
}

// judgeClient verifies a client certificate as apid and kube-apiserver do, and apid's own rule on top: client
// authentication must be its only extended key usage.
func judgeClient(file string) error {
	bundle, err := secrets.LoadBundle(filepath.Join(filepath.Dir(file), "secrets.yaml"))
	if err != nil {
		return err
	}

	authority := bundle.Certs.K8s.Crt
	if filepath.Base(file) == "talos.crt" {
		authority = bundle.Certs.OS.Crt
	}

	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}

	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("not PEM")
	}

	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}

	if len(leaf.ExtKeyUsage) != 1 || len(leaf.UnknownExtKeyUsage) != 0 {
		return fmt.Errorf("extended key usages %v", leaf.ExtKeyUsage)
	}

	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("the authority does not parse")
	}

	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})

	return err
}
