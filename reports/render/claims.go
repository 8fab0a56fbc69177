package render

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/page"
	"github.com/raftbench/raftbench/reports/tables"
)

// ClaimsPage is the file of a table of claims to open first.
const ClaimsPage = "claims.html"

// ClaimFormats lists the forms of a table of claims.
func ClaimFormats() []string { return []string{"text", "markdown", "html", "json"} }

// Claims writes a table of claims in one of ClaimFormats. Colour is for text.
func Claims(w io.Writer, format string, t *claimtable.Table, colour bool) error {
	switch format {
	case "text":
		return tables.Claims(w, t, colour)
	case "markdown":
		return tables.ClaimsMarkdown(w, t)
	case "html":
		return page.WriteClaims(w, t)
	case "json":
		return claimtable.Encode(w, t)
	}
	return fmt.Errorf("no format %q of a table of claims", format)
}

// ClaimsDir writes a table of claims into dir, which must exist: as Markdown, as a page, and
// as JSON. Each file is replaced whole or not at all.
func ClaimsDir(on disk.FS, dir string, t *claimtable.Table) error {
	for _, f := range []struct{ name, format string }{{"claims.md", "markdown"}, {ClaimsPage, "html"}, {claimtable.FileName, "json"}} {
		err := atomicfile.WriteOn(on, filepath.Join(dir, f.name), func(w io.Writer) error { return Claims(w, f.format, t, false) })
		if err != nil {
			return err
		}
	}
	return nil
}
