package raftbench_test

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// docsRules are the rules about files other than Go's.
func docsRules() []rule {
	return []rule{
		{"no machine paths", "a path or a host of one machine works on that machine only", checkMachinePaths},
		{"licence", "nobody may use what has no licence", checkLicence},
		{"changelog", "users read what changed there, and releases are cut from it", checkChangelog},
		{"links", "a link that leads nowhere costs a reader's trust", checkLinks},
		{"tests exist", "a document that names a test promises that there is one", checkNamedTests},
		{"decisions listed", "a decision that is not in the list is not found", checkDecisions},
		{"dependencies have reasons", "few direct dependencies, each with a reason: write it into docs/decisions/0001-direct-dependencies.md, or for scripts/engines into docs/engines.md", checkDependencies},
		{"CI runs scripts/test", "what CI runs is what a person runs", checkCI},
	}
}

// machineMarks are written in pieces, or this file would find itself.
func machineMarks() []string {
	return []string{
		"/wo" + "rk/", "/fa" + "rm/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", ".lib" + "rary/", ".mir" + "ror",
		"proxy.gol" + "ang.org", "sum.gol" + "ang.org", "registry.npm" + "js", "deb.deb" + "ian.org",
	}
}

func checkMachinePaths(t *tree) []string {
	var found []string
	for _, name := range t.names {
		if path.Base(name) == "go.sum" {
			continue
		}
		line := 0
		for text := range strings.SplitSeq(t.text[name], "\n") {
			line++
			for _, mark := range machineMarks() {
				if strings.Contains(text, mark) {
					found = append(found, fmt.Sprintf("%s:%d: contains %s", name, line, mark))
				}
			}
		}
	}
	return found
}

func checkLicence(t *tree) []string {
	text := t.text["LICENSE"]
	if !strings.Contains(text, "Apache License") || !strings.Contains(text, "Version 2.0") {
		return []string{"LICENSE: want the text of the Apache License, Version 2.0"}
	}
	return nil
}

func checkChangelog(t *tree) []string {
	if !strings.Contains(t.text["CHANGELOG.md"], "\n## [Unreleased]\n") {
		return []string{"CHANGELOG.md: want a section ## [Unreleased]"}
	}
	return nil
}

// checkLinks follows the links of Markdown files that stay inside the project,
// with their anchors.
func checkLinks(t *tree) []string {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	spans := regexp.MustCompile("`[^`\n]*`")
	var found []string
	for _, name := range t.names {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(spans.ReplaceAllString(withoutCode(t.text[name]), ""), -1) {
			if problem := t.followLink(name, m[1]); problem != "" {
				found = append(found, fmt.Sprintf("%s: link to %s: %s", name, m[1], problem))
			}
		}
	}
	return found
}

func (t *tree) followLink(from, link string) (problem string) {
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := from
	if file != "" {
		target = path.Join(path.Dir(from), file)
	}
	isFolder := slices.ContainsFunc(t.names, func(n string) bool { return strings.HasPrefix(n, target+"/") })
	switch {
	case !isFolder && !slices.Contains(t.names, target):
		return "no such file"
	case anchor != "" && path.Ext(target) == ".md" && !slices.Contains(anchors(t.text[target]), anchor):
		return "no such heading"
	}
	return ""
}

// withoutCode drops fenced blocks, where brackets are code and not links.
func withoutCode(markdown string) string {
	parts := strings.Split("\n"+markdown, "\n```")
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		b.WriteString(parts[i] + "\n")
	}
	return b.String()
}

// anchors returns what a Markdown file's headings can be linked as.
func anchors(markdown string) []string {
	var list []string
	drop := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	for line := range strings.SplitSeq(withoutCode(markdown), "\n") {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			slug := drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			list = append(list, strings.ReplaceAll(slug, " ", "-"))
		}
	}
	return list
}

// checkNamedTests looks for the tests that Markdown files name in code spans.
func checkNamedTests(t *tree) []string {
	exists := map[string]bool{}
	for _, f := range t.code {
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test {
				exists[fn.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9_]*)`")
	var found []string
	for _, name := range t.names {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, m := range named.FindAllStringSubmatch(t.text[name], -1) {
			if !exists[m[1]] {
				found = append(found, fmt.Sprintf("%s names %s: there is no such test", name, m[1]))
			}
		}
	}
	return found
}

const decisions = "docs/decisions/"

func checkDecisions(t *tree) []string {
	var found []string
	for _, name := range t.names {
		file, ok := strings.CutPrefix(name, decisions)
		if ok && file != "README.md" && !strings.Contains(t.text[decisions+"README.md"], "]("+file+")") {
			found = append(found, fmt.Sprintf("%s is not listed in %sREADME.md", name, decisions))
		}
	}
	return found
}

// checkDependencies looks for the reasons of each module where they belong. The tools
// have theirs in the code that runs them.
func checkDependencies(t *tree) []string {
	require := regexp.MustCompile(`(?m)^(?:require )?\s*(\S+\.\S+/\S+) v\S+$`)
	var found []string
	for _, of := range []struct{ module, reasons string }{
		{"go.mod", decisions + "0001-direct-dependencies.md"},
		{"scripts/engines/go.mod", "docs/engines.md"},
	} {
		for _, m := range require.FindAllStringSubmatch(t.text[of.module], -1) {
			if !strings.Contains(t.text[of.reasons], "`"+m[1]+"`") {
				found = append(found, fmt.Sprintf("%s: %s has no reason in %s", of.module, m[1], of.reasons))
			}
		}
	}
	return found
}

func checkCI(t *tree) []string {
	var commands []string
	for line := range strings.SplitSeq(t.text[".ci/run"], "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			commands = append(commands, line)
		}
	}
	want := []string{`cd "$(dirname "$0")/.."`, "exec ./scripts/test"}
	if !slices.Equal(commands, want) {
		return []string{fmt.Sprintf(".ci/run: its commands are %q, want %q", commands, want)}
	}
	return nil
}
