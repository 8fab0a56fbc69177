package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyFiles writes the key of RFC 8410, section 10.3.
func keyFiles(t *testing.T) (private, public string) {
	t.Helper()
	dir := t.TempDir()
	private, public = filepath.Join(dir, "key.pem"), filepath.Join(dir, "pub.pem")
	for path, text := range map[string]string{
		private: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n",
		public:  "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return private, public
}

// Snapshots are taken when the settings say so, and signed; the log on disk has them.
func TestSnapshotsAreTakenAndSigned(t *testing.T) {
	private, public := keyFiles(t)
	data := t.TempDir()
	runStorage(t, func(s *Settings) {
		s.Data, s.Storages, s.Fsyncs = data, []StorageKind{StorageWAL}, []Fsync{FsyncNone}
		s.Operations, s.Snapshots = 3000, Snapshots{Entries: 100, SignKey: private, Trust: public}
	})
	files, err := filepath.Glob(filepath.Join(data, "*", "node-*", "*.snapshot"))
	if err != nil || len(files) == 0 {
		t.Fatalf("snapshots on disk: %v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if signature := string(b[960:1024]); signature == strings.Repeat("\x00", 64) {
			t.Errorf("%s is not signed", f)
		}
	}
}

func TestSnapshotSettingsAreChecked(t *testing.T) {
	private, public := keyFiles(t)
	for want, o := range map[string]Snapshots{
		"--snapshot.entries -1":   {Entries: -1},
		"--snapshot.entries 99":   {Entries: 99},
		"--snapshot.bytes 16383B": {Bytes: 16383},
		"--snapshot.rate 1KiB":    {BytesPerSecond: 1 << 10},
		"--snapshot.sign-key":     {SignKey: "missing"},
		"PRIVATE KEY":             {SignKey: public},
		"want PUBLIC KEY":         {SignKey: private, Trust: private},
		"nobody signs":            {Trust: public},
	} {
		s := Settings{Snapshots: o}
		if err := s.validateSnapshots(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
	for _, o := range []Snapshots{{}, {Entries: 100, Bytes: 1 << 20, BytesPerSecond: -1, SignKey: private, Trust: public}} {
		s := Settings{Snapshots: o}
		if err := s.validateSnapshots(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
