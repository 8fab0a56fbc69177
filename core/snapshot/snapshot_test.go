package snapshot

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// The key of RFC 8410, section 10.3, and what openssl makes of it.
const (
	privateKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`
	publicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`
	otherPublicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func signer(t *testing.T) *Signer {
	t.Helper()
	s, err := LoadSigner(file(t, privateKey))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func trust(t *testing.T, keys string) *Trust {
	t.Helper()
	tr, err := LoadTrust(file(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// signed is a header with every field set.
func signed(t *testing.T) Header {
	t.Helper()
	h := Header{7, core.SnapshotManifest{
		Meta: core.SnapshotMeta{Index: 10, Term: 3, Config: "members"}, SizeBytes: 5, SHA256: sha256.Sum256([]byte("state")),
	}}
	h.Signature = signer(t).Sign(h.Cluster, h.SnapshotManifest)
	return h
}

func TestHeaderRoundTrip(t *testing.T) {
	for _, h := range []Header{{}, signed(t)} {
		got, err := DecodeHeader(h.Append(nil))
		if err != nil || got != h {
			t.Fatalf("%+v, %v, want %+v", got, err, h)
		}
	}
}

// Not a bit of a header can be flipped unnoticed, whether or not it is signed.
func TestEveryBitOfAHeader(t *testing.T) {
	unsigned := signed(t)
	unsigned.Signature = core.Signature{}
	for _, h := range []Header{signed(t), unsigned} {
		good := h.Append(nil)
		for bit := range 8 * len(good) {
			bad := bytes.Clone(good)
			bad[bit/8] ^= 1 << (bit % 8)
			if got, err := DecodeHeader(bad); !errors.Is(err, ErrHeader) {
				t.Fatalf("bit %d: %+v, %v", bit, got, err)
			}
		}
		for _, bad := range [][]byte{nil, good[:len(good)-1], append(bytes.Clone(good), 0)} {
			if _, err := DecodeHeader(bad); !errors.Is(err, ErrHeader) {
				t.Fatalf("%d bytes: %v", len(bad), err)
			}
		}
	}
}

// The signature is of everything that the header says: somebody who changes any of it
// and makes the checksum right is found out.
func TestSignatureBindsEverything(t *testing.T) {
	tr := trust(t, otherPublicKey+publicKey)
	good := signed(t)
	if err := tr.Verify(&good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Header){
		"cluster":       func(h *Header) { h.Cluster++ },
		"index":         func(h *Header) { h.Meta.Index++ },
		"term":          func(h *Header) { h.Meta.Term++ },
		"configuration": func(h *Header) { h.Meta.Config = "strangers" },
		"size":          func(h *Header) { h.SizeBytes++ },
		"SHA-256":       func(h *Header) { h.SHA256[0]++ },
		"signature":     func(h *Header) { h.Signature[5]++ },
	} {
		bad := good
		change(&bad)
		if err := tr.Verify(&bad); !errors.Is(err, ErrSignature) {
			t.Errorf("another %s: %v", what, err)
		}
	}
	if err := trust(t, otherPublicKey).Verify(&good); !errors.Is(err, ErrSignature) {
		t.Errorf("a key that is not trusted: %v", err)
	}
	good.Signature = core.Signature{}
	if err := tr.Verify(&good); !errors.Is(err, ErrUnsigned) {
		t.Errorf("not signed: %v", err)
	}
	if err := (*Trust)(nil).Verify(&good); err != nil {
		t.Errorf("no signature is demanded: %v", err)
	}
}

func TestContentIsChecked(t *testing.T) {
	h := signed(t)
	for content, want := range map[string]error{"state": nil, "stat": ErrContent, "states": ErrContent, "State": ErrContent} {
		arrived := core.SnapshotManifest{SizeBytes: uint64(len(content)), SHA256: sha256.Sum256([]byte(content))}
		if err := h.CheckContent(arrived); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", content, err, want)
		}
	}
}

// A file that is not what is wanted is named, and so is what is.
func TestBadKeyFiles(t *testing.T) {
	rsa := "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n"
	signerOf := func(path string) error { _, err := LoadSigner(path); return err }
	trustOf := func(path string) error { _, err := LoadTrust(path); return err }
	for _, c := range []struct {
		name, text, want string
		load             func(string) error
	}{
		{"empty", "", "no key in PEM form", signerOf},
		{"public for private", publicKey, "PRIVATE KEY", signerOf},
		{"two private", privateKey + privateKey, "one PEM block", signerOf},
		{"broken", strings.Replace(privateKey, "MC4C", "MC4D", 1), "key.pem", signerOf},
		{"empty", "", "no key in PEM form", trustOf},
		{"private for public", privateKey, "PUBLIC KEY", trustOf},
		{"RSA", rsa, "ed25519", trustOf},
		{"broken", strings.Replace(publicKey, "MCow", "MCox", 1), "key.pem", trustOf},
		{"a second one that is cut short", publicKey + publicKey[:60], "a PEM block is damaged: 2 begin, and 1 can be read", trustOf},
		{"a first one that is no base64", strings.Replace(publicKey, "MCow", "MC!w", 1) + publicKey, "a PEM block is damaged", trustOf},
		{"a second private one that is cut short", privateKey + privateKey[:60], "a PEM block is damaged", signerOf},
	} {
		if err := c.load(file(t, c.text)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "key.pem") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, load := range []func(string) error{signerOf, trustOf} {
		if err := load(missing); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
		if err := load(t.TempDir()); err == nil {
			t.Error("a directory is no file of keys")
		}
	}
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(new(Header).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := DecodeHeader(b)
		if err == nil && !bytes.Equal(h.Append(nil), b) {
			t.Fatalf("%+v is not what %x says", h, b)
		}
	})
}
