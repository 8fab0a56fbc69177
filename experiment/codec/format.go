package codec

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/reports"
)

// WriteHeader begins a file in Go's benchmark format.
func WriteHeader(w io.Writer, cpu string) error {
	_, err := fmt.Fprintf(w, "goos: %s\ngoarch: %s\npkg: github.com/raftbench/raftbench/transports/codecs\ncpu: %s\n", runtime.GOOS, runtime.GOARCH, cpu)
	return err
}

// WriteBenchmark writes a result as one line of Go's benchmark format.
// encoded-B is the length of the message.
func WriteBenchmark(w io.Writer, r Result) error {
	name := fmt.Sprintf("BenchmarkCodec/op=%s/codec=%s/message=%s", r.Operation, r.Codec, r.Message.Name)
	if r.Message.Payload > 0 {
		name += "/payload=" + core.FormatSize(r.Message.Payload)
	}
	_, err := fmt.Fprintf(w, "%s-%d\t%d\t%.1f ns/op\t%d encoded-B\t%.0f B/op\t%.2f allocs/op\n",
		name, runtime.GOMAXPROCS(0), r.N, r.NSPerOp, r.EncodedBytes, r.AllocBytes, r.Allocs)
	return err
}

// WriteTable writes results for a reader: a row for each message and codec.
// Encoding and decoding of a message follow each other in results, as Measure
// gives them.
func WriteTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	text := []byte("message\tpayload\tcodec\tencode\tdecode\tencoded\tencode allocs\tdecode allocs\t\n")
	for i := 0; i+1 < len(results); i += 2 {
		e, d := results[i], results[i+1]
		payload := "-"
		if e.Message.Payload > 0 {
			payload = reports.FormatBytes(int64(e.Message.Payload))
		}
		text = fmt.Appendf(text, "%s\t%s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\t\n", e.Message.Name, payload, e.Codec,
			reports.FormatLatency(e.NSPerOp), reports.FormatLatency(d.NSPerOp), reports.FormatBytes(int64(e.EncodedBytes)), e.Allocs, d.Allocs)
	}
	if _, err := t.Write(text); err != nil {
		return err
	}
	return t.Flush()
}
