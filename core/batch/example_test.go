package batch_test

import (
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core/batch"
)

// A queue is told the time; it closes a batch when it is full, or when the
// linger has passed since its first item.
func ExampleQueue() {
	q := batch.NewQueue[string](batch.Config{SizeBytes: 100, Linger: 5 * time.Millisecond})
	start := time.Unix(0, 0)
	q.Push("a", 1, 40, start)
	q.Push("b", 1, 40, start.Add(time.Millisecond))

	fmt.Println(q.Next(batch.Situation{Now: start.Add(2 * time.Millisecond)}))
	fmt.Println(q.Next(batch.Situation{Now: start.Add(5 * time.Millisecond)}))
	// Output:
	// [] open
	// [a b] expired
}
