package raftbench_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// A rule looks at the whole tree and returns what it finds wrong, one line each.
type rule struct {
	name  string
	why   string
	check func(*tree) []string
}

func rules() []rule { return append(codeRules(), docsRules()...) }

// tree is what the rules look at: the project's files, the Go ones parsed.
type tree struct {
	names []string // every file, sorted, with slashes
	text  map[string]string
	fset  *token.FileSet
	code  []*goFile // sorted by name, without those in testdata

	excused map[exception]bool // the exceptions that were needed
}

// goFile is one parsed Go file.
type goFile struct {
	name      string
	pkg       string // its folder
	syntax    *ast.File
	test      bool
	generated bool
}

func loadTree(fsys fs.FS, names []string) (*tree, error) {
	t := &tree{
		names:   names,
		text:    map[string]string{},
		fset:    token.NewFileSet(),
		excused: map[exception]bool{},
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			continue // a picture or another binary
		}
		t.text[name] = string(text)
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			continue
		}
		syntax, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		t.code = append(t.code, &goFile{
			name:      name,
			pkg:       path.Dir(name),
			syntax:    syntax,
			test:      strings.HasSuffix(name, "_test.go"),
			generated: ast.IsGenerated(syntax),
		})
	}
	return t, nil
}

// production returns the files by package that people wrote and that are no tests.
func (t *tree) production() map[string][]*goFile {
	byPkg := map[string][]*goFile{}
	for _, f := range t.code {
		if !f.test && !f.generated {
			byPkg[f.pkg] = append(byPkg[f.pkg], f)
		}
	}
	return byPkg
}

// at formats a finding with its place, which is first so that editors jump to it.
func (t *tree) at(n ast.Node, format string, args ...any) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// excuse reports whether key may break the rule.
func (t *tree) excuse(rule, key string) bool {
	for _, e := range exceptions() {
		if e.rule == rule && e.key == key {
			t.excused[e] = true
			return true
		}
	}
	return false
}

// lines returns how many lines n takes.
func (t *tree) lines(n ast.Node) int {
	return t.fset.Position(n.End()).Line - t.fset.Position(n.Pos()).Line + 1
}

// projectFiles lists the files that belong to the project: what git tracks or
// would, or without git everything.
func projectFiles(root string) []string {
	git := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	git.Dir = root
	out, err := git.Output()
	names := map[string]bool{}
	if err == nil {
		for name := range strings.SplitSeq(string(out), "\x00") {
			names[name] = true
		}
	} else {
		_ = fs.WalkDir(os.DirFS(root), ".", func(name string, _ fs.DirEntry, err error) error {
			names[name] = err == nil && !strings.HasPrefix(name, ".git/")
			return nil
		})
	}
	maps.DeleteFunc(names, func(name string, ours bool) bool {
		info, err := os.Lstat(path.Join(root, name))
		return !ours || err != nil || !info.Mode().IsRegular()
	})
	return slices.Sorted(maps.Keys(names))
}

// matches reports whether pattern stands for name: itself, or with /... also
// everything below it.
func matches(pattern, name string) bool {
	below, ok := strings.CutSuffix(pattern, "/...")
	return name == below || ok && strings.HasPrefix(name, below+"/")
}
