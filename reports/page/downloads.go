package page

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/tables"
)

// download is a file within the page.
type download struct {
	Name string
	URL  template.URL
	Size string
}

// maxCarried bounds a file within the page: 400 replicates or so. A larger one lies
// beside the page.
const maxCarried = 4 << 20

// downloads puts the raw result and the tables into the page; left names what is
// too large.
func downloads(run *reports.Run) (list []download, left []string, err error) {
	for _, f := range []struct {
		name, mime string
		write      func(io.Writer, *reports.Run) error
	}{
		{reports.FileName, "application/json", compactJSON},
		{"summary.csv", "text/csv", tables.SummaryCSV},
		{"latency.csv", "text/csv", tables.LatencyCSV},
		{"timeseries.csv", "text/csv", tables.TimeseriesCSV},
		{"replicates.csv", "text/csv", tables.ReplicatesCSV},
	} {
		var b strings.Builder
		if err := f.write(&b, run); err != nil {
			return nil, nil, fmt.Errorf("put %s into the page: %w", f.name, err)
		}
		if b.Len() > maxCarried {
			left = append(left, f.name)
			continue
		}
		url := "data:" + f.mime + ";base64," + base64.StdEncoding.EncodeToString([]byte(b.String()))
		list = append(list, download{f.name, template.URL(url), reports.FormatBytes(int64(b.Len()))})
	}
	return list, left, nil
}

// compactJSON writes the result without its indentation, which is a third of it.
func compactJSON(w io.Writer, run *reports.Run) error {
	var indented, compact bytes.Buffer
	if err := reports.Encode(&indented, run); err != nil {
		return err
	}
	if err := json.Compact(&compact, indented.Bytes()); err != nil {
		return fmt.Errorf("compact the result: %w", err)
	}
	_, err := w.Write(compact.Bytes())
	return err
}
