package raftbench_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The rules that have exceptions.
const (
	ruleVariables = "no mutable package variables"
	ruleSize      = "size"
	ruleSleep     = "no sleep in tests"
)

// codeRules are the rules about Go files.
func codeRules() []rule {
	return []rule{
		{"imports", "imports run one way (importRules in tidy_test.go)", checkImports},
		{"package comment", "a package says what it is, what it is not, and which goroutines it starts and what stops each of them", checkPackageComments},
		{"package name", "a package is named after what it holds; a drawer for everything fills up", checkPackageNames},
		{"no init", "a table that is read top down beats registration on import: no order, no surprise, no global state", checkNoInit},
		{ruleVariables, "two clusters run in one process, and tests run side by side: what changes belongs to a value somebody owns", checkVariables},
		{ruleSize, "a screen is about 70 lines, and a file is one noun: cut it, or list it with its reason in exceptions", checkSizes},
		{"no goroutine in the core", "core and core/raft are called by one owner at a time and start nothing", checkNoGoroutineInCore},
		{"seeded randomness", "a failure must replay from its seed: use rand.New with a source of your own", checkSeeded},
		{ruleSleep, "a sleep is too short on a slow machine and too long on a fast one: wait for the event, or poll in a loop with a deadline; what plays somebody slow is listed in exceptions", checkSleeps},
		{"no exit", "only main ends the process; a library that does leaves no result, and no cleanup", checkExit},
		{"no bare TODO", "a reader must learn what is missing and why it is not there: write the reason after the colon", checkTodo},
	}
}

func checkImports(t *tree) []string {
	var found []string
	for _, f := range t.code {
		if f.test {
			continue
		}
		i := slices.IndexFunc(importRules(), func(r importRule) bool { return matches(r.pkg, f.pkg) })
		for _, spec := range f.syntax.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if i < 0 {
				found = append(found, t.at(spec, "package %s has no row in importRules: add one", f.pkg))
				break
			}
			r := importRules()[i]
			if !r.allows(imported) {
				found = append(found, t.at(spec, "%s must not import %s: %s", f.pkg, imported, r.why))
			}
		}
	}
	return found
}

func (r importRule) allows(imported string) bool {
	stands := func(pattern string) bool { return matches(pattern, imported) }
	if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
		imported = inside
		return slices.ContainsFunc(r.may, stands)
	}
	if host, _, _ := strings.Cut(imported, "/"); strings.Contains(host, ".") {
		return slices.ContainsFunc(r.may, stands)
	}
	return !slices.ContainsFunc(r.never, stands)
}

// A package of this many lines needs a comment that says more than its name.
const nonTrivialLines = 100

func checkPackageComments(t *tree) []string {
	var found []string
	packages := t.production()
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		var comment string
		var with, lines int
		goes := false
		for _, f := range packages[pkg] {
			lines += t.lines(f.syntax)
			goes = goes || startsGoroutine(f.syntax)
			if f.syntax.Doc != nil {
				with++
				comment = f.syntax.Doc.Text()
			}
		}
		switch {
		case with != 1:
			found = append(found, fmt.Sprintf("%s: %d of its files have a package comment, want one", pkg, with))
		case lines > nonTrivialLines && strings.Count(comment, "\n") < 3:
			found = append(found, fmt.Sprintf("%s: %d lines of code and a package comment of fewer than three", pkg, lines))
		case goes && !strings.Contains(strings.ToLower(comment), "goroutine"):
			found = append(found, fmt.Sprintf("%s: it starts goroutines and its package comment does not speak of them", pkg))
		}
	}
	return found
}

// startsGoroutine reports whether the file has a go statement or calls a Go
// method (sync.WaitGroup, errgroup).
func startsGoroutine(file *ast.File) bool {
	for n := range ast.Preorder(file) {
		switch n := n.(type) {
		case *ast.GoStmt:
			return true
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Go" && len(n.Args) == 1 {
				return true
			}
		}
	}
	return false
}

func checkPackageNames(t *tree) []string {
	drawers := []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base", "shared"}
	var found []string
	for _, f := range t.code {
		for _, drawer := range drawers {
			if f.syntax.Name.Name == drawer || slices.Contains(strings.Split(f.pkg, "/"), drawer) {
				found = append(found, t.at(f.syntax.Name, "a package named %s", drawer))
			}
		}
	}
	return found
}

func checkNoInit(t *tree) []string {
	var found []string
	for _, f := range t.code {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && !f.generated && fn.Recv == nil && fn.Name.Name == "init" {
				found = append(found, t.at(fn, "an init function"))
			}
		}
	}
	return found
}

// checkVariables lets through sentinel errors, embedded files, what a few known
// constructors of immutable things return, and tables that nobody writes to.
func checkVariables(t *tree) []string {
	var found []string
	packages := t.production()
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		written := writtenNames(packages[pkg])
		for _, f := range packages[pkg] {
			for _, d := range f.syntax.Decls {
				gen, ok := d.(*ast.GenDecl)
				if !ok || gen.Tok != token.VAR || strings.Contains(commentText(gen.Doc), "//go:embed") {
					continue
				}
				for _, s := range gen.Specs {
					found = append(found, t.mutable(f, s.(*ast.ValueSpec), written)...)
				}
			}
		}
	}
	return found
}

func (t *tree) mutable(f *goFile, spec *ast.ValueSpec, written map[string]bool) []string {
	var found []string
	for i, name := range spec.Names {
		problem := ""
		switch {
		case name.Name == "_" || strings.Contains(commentText(spec.Doc), "//go:embed"):
		case written[name.Name]:
			problem = "is written to"
		case i >= len(spec.Values) || !immutable(spec.Values[i]):
			problem = "is not a sentinel error, an embedded file or a constant table"
		}
		if problem != "" && !t.excuse(ruleVariables, f.name+":"+name.Name) {
			found = append(found, t.at(name, "package variable %s %s", name.Name, problem))
		}
	}
	return found
}

// immutable reports whether value is an expression whose result nobody changes
// as long as nobody assigns to it.
func immutable(value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CallExpr:
		constructors := []string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "crc32.MakeTable", "template.Must"}
		return slices.Contains(constructors, qualified(v.Fun))
	case *ast.CompositeLit: // a table; not a sync.Pool or an atomic
		pkg, _, _ := strings.Cut(qualified(v.Type), ".")
		return pkg != "sync" && pkg != "atomic"
	}
	return false
}

// writtenNames returns the names that the files assign to, count up or take the
// address of. It does not know scopes, so a local variable of the same name
// counts: rename it.
func writtenNames(files []*goFile) map[string]bool {
	names := map[string]bool{}
	write := func(e ast.Expr) {
		if id := rootName(e); id != nil {
			names[id.Name] = true
		}
	}
	for _, f := range files {
		for n := range ast.Preorder(f.syntax) {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, lhs := range n.Lhs {
					if n.Tok != token.DEFINE {
						write(lhs)
					}
				}
			case *ast.IncDecStmt:
				write(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					write(n.X)
				}
			}
		}
	}
	return names
}

// rootName returns x for x, x.f, x[i], *x and what is built of those.
func rootName(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// qualified returns "pkg.Name" for that expression, and otherwise nothing.
func qualified(e ast.Expr) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok {
			return x.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

func commentText(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}

func checkSizes(t *tree) []string {
	var found []string
	check := func(n ast.Node, key string, lines, limit int) {
		if lines > limit && !t.excuse(ruleSize, key) {
			found = append(found, t.at(n, "%s has %d lines, the limit is %d", key, lines, limit))
		}
	}
	for _, f := range t.code {
		if f.generated {
			continue
		}
		check(f.syntax, f.name, strings.Count(t.text[f.name], "\n"), maxFileLines)
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				check(fn, f.name+":"+fn.Name.Name, t.lines(fn), maxFunctionLines)
			}
		}
	}
	return found
}

func checkNoGoroutineInCore(t *tree) []string {
	var found []string
	for _, f := range t.code {
		if !f.test && (f.pkg == "core" || matches("core/raft/...", f.pkg)) && startsGoroutine(f.syntax) {
			found = append(found, t.at(f.syntax.Name, "it starts a goroutine"))
		}
	}
	return found
}

func checkSeeded(t *tree) []string {
	owned := regexp.MustCompile(`^rand\.(New\w*|Rand|Source|PCG|ChaCha8|Zipf)$`)
	var found []string
	for _, f := range t.code {
		seeded := matches("core/raft/...", f.pkg) || matches("core/rafttest/...", f.pkg) || matches("workloads/...", f.pkg)
		if !seeded || !importsPackage(f.syntax, "math/rand", "math/rand/v2") {
			continue
		}
		for n := range ast.Preorder(f.syntax) {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if name := qualified(sel); strings.HasPrefix(name, "rand.") && !owned.MatchString(name) {
				found = append(found, t.at(sel, "%s draws from the global generator", name))
			}
		}
	}
	return found
}

func importsPackage(file *ast.File, paths ...string) bool {
	return slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool {
		imported, _ := strconv.Unquote(s.Path.Value)
		return slices.Contains(paths, imported)
	})
}

// checkSleeps lets a sleep through that stands in a loop: that one polls.
func checkSleeps(t *tree) []string {
	polls := map[ast.Node]bool{}
	for _, f := range t.code {
		for n := range ast.Preorder(f.syntax) {
			if loop, ok := n.(*ast.ForStmt); ok {
				for inner := range ast.Preorder(loop) {
					polls[inner] = true
				}
			}
		}
	}
	return t.calls(func(f *goFile, fn string, call *ast.CallExpr) bool {
		isTest := f.test || strings.HasSuffix(f.pkg, "test") // the suites too
		return isTest && qualified(call.Fun) == "time.Sleep" && !polls[call] && !t.excuse(ruleSleep, f.name+":"+fn)
	})
}

func checkExit(t *tree) []string {
	ends := []string{"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln", "syscall.Exit"}
	return t.calls(func(f *goFile, fn string, call *ast.CallExpr) bool {
		isMain := f.syntax.Name.Name == "main" || f.test && fn == "TestMain"
		return slices.Contains(ends, qualified(call.Fun)) && !isMain
	})
}

// calls returns the calls for which wrong holds, given the function they are in.
func (t *tree) calls(wrong func(*goFile, string, *ast.CallExpr) bool) []string {
	var found []string
	for _, f := range t.code {
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for n := range ast.Preorder(fn) {
				if call, ok := n.(*ast.CallExpr); ok && wrong(f, fn.Name.Name, call) {
					found = append(found, t.at(call, "%s calls %s", fn.Name.Name, qualified(call.Fun)))
				}
			}
		}
	}
	return found
}

func checkTodo(t *tree) []string {
	marker := regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b(\([^)]*\))?(:\s*\S+(\s+\S+){3,})?`)
	var found []string
	for _, f := range t.code {
		for _, group := range f.syntax.Comments {
			for _, m := range marker.FindAllStringSubmatch(group.Text(), -1) {
				if m[3] == "" && path.Base(f.name) != "tidy_code_test.go" {
					found = append(found, t.at(group, "%s without a reason", m[1]))
				}
			}
		}
	}
	return found
}
