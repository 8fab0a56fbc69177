package workloads

import (
	"errors"
	"strings"
	"testing"
)

func TestABadConfigIsNamed(t *testing.T) {
	good := Config{Generate: puts, Connect: NullTarget, Clients: 1, Duration: 1}
	for want, change := range map[string]func(*Config){
		"required":      func(c *Config) { c.Connect = nil },
		"either":        func(c *Config) { c.Schedule = open(1, Poisson) },
		"or a schedule": func(c *Config) { c.Clients = 0 },
		"workers":       func(c *Config) { c.Workers = -1 },
		"-1 clients":    func(c *Config) { c.Clients = -1 },
		"2 workers":     func(c *Config) { c.Workers = 2 },
		"warm-up":       func(c *Config) { c.Warmup = -2 },
		"negative":      func(c *Config) { c.Duration = -1 },
		"a number of":   func(c *Config) { c.Duration = 0 },
		"stage 1":       func(c *Config) { c.Clients, c.Schedule = 0, open(-1, Poisson) },
		"outstanding":   func(c *Config) { c.Clients, c.Schedule, c.MaxOutstanding = 0, open(1, Poisson), -1 },
		"B outstanding": func(c *Config) { c.Clients, c.Schedule, c.MaxOutstandingBytes = 0, open(1, Poisson), -1 },
		"reads of -1 B": func(c *Config) { c.Clients, c.Schedule, c.ReadBytes = 0, open(1, Poisson), -1 },
		"worker 0: no":  func(c *Config) { c.Generate = func(int) (Generator, error) { return nil, errors.New("no") } },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) && want != "or a schedule" {
			t.Fatalf("error %v, want one with %q", err, want)
		}
	}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
}
