package kv_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/workloads/kv"
)

// apply runs one command and returns its result.
func apply(t *testing.T, m core.StateMachine, command []byte) []byte {
	t.Helper()
	var results core.Results
	m.Apply([]core.Entry{{Index: 1, Term: 1, Data: command}}, &results)
	if n := len(results.List()); n != 1 {
		t.Fatalf("one command gave %d results", n)
	}
	return results.List()[0]
}

func query(t *testing.T, m core.StateMachine, q []byte) []byte {
	t.Helper()
	var results core.Results
	m.Query(q, &results)
	if n := len(results.List()); n != 1 {
		t.Fatalf("one query gave %d results", n)
	}
	return results.List()[0]
}

func wantResult(t *testing.T, what string, b []byte, status kv.Status, value string) {
	t.Helper()
	s, v, ok := kv.ParseResult(b)
	if !ok || s != status || string(v) != value {
		t.Fatalf("%s: result %v %q (well-formed %v), want %v %q", what, s, v, ok, status, value)
	}
}

func TestPutAndGet(t *testing.T) {
	m := kv.New(0)
	get := kv.AppendGet(nil, []byte("k"))
	wantResult(t, "query before the put", query(t, m, get), kv.StatusNotFound, "")
	wantResult(t, "get before the put", apply(t, m, get), kv.StatusNotFound, "")
	for _, value := range []string{"first", "", "a longer value than the first", "x"} {
		put := kv.AppendPut(nil, []byte("k"), []byte(value))
		wantResult(t, "put", apply(t, m, put), kv.StatusOK, "")
		wantResult(t, "query", query(t, m, get), kv.StatusOK, value)
		wantResult(t, "get through the log", apply(t, m, get), kv.StatusOK, value)
	}
	if m.Len() != 1 {
		t.Fatalf("the machine holds %d keys, want 1", m.Len())
	}
}

func TestAQueryChangesNothing(t *testing.T) {
	m := kv.New(0)
	wantResult(t, "a put as a query", query(t, m, kv.AppendPut(nil, []byte("k"), []byte("v"))), kv.StatusMalformed, "")
	if m.Len() != 0 {
		t.Fatalf("a query made a key")
	}
}

func TestMalformedCommandsAreResults(t *testing.T) {
	m := kv.New(0)
	for _, command := range [][]byte{
		nil, {}, {1}, {9, 1, 'k'}, {1, 5, 'k'}, {2, 1, 'k', 'v'}, {1, 0x80}, {1, 0x81, 0, 'k'},
		{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		kv.AppendPut(nil, make([]byte, kv.MaxKeyBytes+1), nil),
	} {
		wantResult(t, fmt.Sprintf("% x", command), apply(t, m, command), kv.StatusMalformed, "")
	}
	if m.Len() != 0 {
		t.Fatalf("a malformed command changed the state")
	}
}

func TestTheNumberOfKeysIsBounded(t *testing.T) {
	m := kv.New(2)
	for i, want := range []kv.Status{kv.StatusOK, kv.StatusOK, kv.StatusFull} {
		put := kv.AppendPut(nil, []byte{byte(i)}, nil)
		wantResult(t, fmt.Sprintf("put of key %d", i), apply(t, m, put), want, "")
	}
	wantResult(t, "put of a key that exists", apply(t, m, kv.AppendPut(nil, []byte{0}, []byte("v"))), kv.StatusOK, "")

	var b bytes.Buffer
	if err := m.WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	if err := kv.New(1).ReadSnapshot(&b); !errors.Is(err, kv.ErrSnapshot) {
		t.Fatalf("a snapshot with too many keys: %v, want ErrSnapshot", err)
	}
}

// filled returns a machine that got the same last value for every key, in an
// order and with a history that seed decides.
func filled(t *testing.T, seed uint64) *kv.Machine {
	t.Helper()
	m := kv.New(0)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, last := range []bool{false, true} {
		for _, k := range rng.Perm(1000) {
			value := fmt.Sprintf("value %d", k)
			if !last {
				value = strings.Repeat("x", rng.IntN(50))
			}
			apply(t, m, kv.AppendPut(nil, fmt.Appendf(nil, "key %d", k), []byte(value)))
		}
	}
	return m
}

func TestSnapshotsAreDeterministicAndRoundTrip(t *testing.T) {
	a, b := filled(t, 1), filled(t, 2)
	if a.Sum() != b.Sum() {
		t.Fatalf("two orders of the same puts have different sums")
	}
	var sa, sb bytes.Buffer
	if err := errors.Join(a.WriteSnapshot(&sa), b.WriteSnapshot(&sb)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sa.Bytes(), sb.Bytes()) {
		t.Fatalf("two orders of the same puts have different snapshots")
	}

	c := kv.New(0)
	apply(t, c, kv.AppendPut(nil, []byte("left over"), nil))
	if err := c.ReadSnapshot(iotest.HalfReader(&sa)); err != nil {
		t.Fatal(err)
	}
	if c.Sum() != a.Sum() || c.Len() != a.Len() {
		t.Fatalf("the snapshot did not replace the state: %d keys, want %d", c.Len(), a.Len())
	}
	apply(t, c, kv.AppendPut(nil, []byte("key 7"), []byte("other")))
	if c.Sum() == a.Sum() {
		t.Fatalf("another state has the same sum")
	}
}

func TestBadSnapshotsLeaveTheStateAlone(t *testing.T) {
	var b bytes.Buffer
	if err := filled(t, 1).WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	m := filled(t, 3)
	before := m.Sum()
	check := func(what string, bad []byte) {
		t.Helper()
		if err := m.ReadSnapshot(bytes.NewReader(bad)); !errors.Is(err, kv.ErrSnapshot) {
			t.Fatalf("%s: %v, want ErrSnapshot", what, err)
		}
		if m.Sum() != before {
			t.Fatalf("%s changed the state", what)
		}
	}
	for i := 0; i < len(good); i += 97 {
		check(fmt.Sprintf("cut at %d", i), good[:i])
		flipped := bytes.Clone(good)
		flipped[i] ^= 0x10
		check(fmt.Sprintf("bit flipped in byte %d", i), flipped)
	}
	check("one byte too many", append(bytes.Clone(good), 0))
	huge := binary.AppendUvarint([]byte("rbkv\x01\x01\x01k"), 1<<29)
	check("a value that claims 512 MiB", huge)
}

func TestPutsToAKeyThatExistsDoNotAllocate(t *testing.T) {
	m := kv.New(0)
	entries := []core.Entry{
		{Data: kv.AppendPut(nil, []byte("key"), []byte("0123456789abcdef"))},
		{Data: kv.AppendGet(nil, []byte("key"))},
	}
	var results core.Results
	run := func() {
		results.Truncate()
		m.Apply(entries, &results)
		m.Query(entries[1].Data, &results)
	}
	if n := testing.AllocsPerRun(1000, run); n != 0 {
		t.Fatalf("%v allocations for a put, a get and a query, want 0", n)
	}
}

func TestNullAnswersEverything(t *testing.T) {
	wantResult(t, "command", apply(t, kv.Null{}, []byte("anything")), kv.StatusOK, "")
	wantResult(t, "query", query(t, kv.Null{}, nil), kv.StatusOK, "")
	var b bytes.Buffer
	if err := errors.Join(kv.Null{}.WriteSnapshot(&b), kv.Null{}.ReadSnapshot(&b)); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(kv.AppendPut(nil, []byte("key"), []byte("value")))
	f.Add(kv.AppendGet(nil, bytes.Repeat([]byte("k"), 200)))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, ok := kv.ParseCommand(b)
		if !ok {
			return
		}
		again := kv.AppendGet(nil, c.Key)
		if c.Kind == kv.KindPut {
			again = kv.AppendPut(nil, c.Key, c.Value)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Fatalf("decoded and encoded again (-in +out):\n%s", diff)
		}
	})
}

func FuzzReadSnapshot(f *testing.F) {
	m := kv.New(0)
	var results core.Results
	m.Apply([]core.Entry{{Data: kv.AppendPut(nil, []byte("key"), []byte("value"))}}, &results)
	var b bytes.Buffer
	if err := m.WriteSnapshot(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("rbkv\x01"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m := kv.New(0)
		if m.ReadSnapshot(bytes.NewReader(in)) != nil {
			return
		}
		var out bytes.Buffer
		if err := m.WriteSnapshot(&out); err != nil {
			t.Fatal(err)
		}
		if len(out.Bytes()) > len(in) {
			t.Fatalf("a snapshot of %d bytes was written again as %d", len(in), out.Len())
		}
	})
}

func FuzzParseResult(f *testing.F) {
	f.Add([]byte{0, 'v'})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, value, ok := kv.ParseResult(b); ok && (byte(s) != b[0] || len(value) != len(b)-1) {
			t.Fatalf("% x: status %v, value % x", b, s, value)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for _, keys := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			m := kv.New(0)
			rng := rand.New(rand.NewPCG(1, 1))
			entries := make([]core.Entry, keys)
			for i := range entries {
				key := binary.BigEndian.AppendUint64(nil, uint64(i))
				entries[i].Data = kv.AppendPut(nil, key, []byte("0123456789abcdef"))
			}
			rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			var results core.Results
			m.Apply(entries, &results)
			b.ReportAllocs()
			const batch = 100
			for i, at := 0, 0; i < b.N; i, at = i+batch, (at+batch)%keys {
				results.Truncate()
				m.Apply(entries[at:at+batch], &results)
			}
		})
	}
}

func BenchmarkWriteSnapshot(b *testing.B) {
	for _, keys := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(keys), func(b *testing.B) {
			m := kv.New(0)
			var results core.Results
			for i := range keys {
				command := kv.AppendPut(nil, binary.BigEndian.AppendUint64(nil, uint64(i)), make([]byte, 128))
				m.Apply([]core.Entry{{Data: command}}, &results)
			}
			for b.Loop() {
				if err := m.WriteSnapshot(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
