package workloads

import "time"

// StageRecord is what was measured in one stage of a schedule that has several:
// a point of a curve of latency against load. Operations belong to the
// stage in which their intended start lies, and Completed counts by when they
// were done, as in a Phase. All operation types are together; Service is nil, and
// Errors and Breakdown are not kept.
type StageRecord struct {
	Stage Stage

	// From and To are where the stage begins and ends, counted from
	// Measurement.Start and cut where the window ends.
	From, To time.Duration

	// Offered is the mean number of operations that the schedule has between From
	// and To.
	Offered float64

	OpRecord
}

// OfferedOpsPerS is the mean rate of the schedule in the stage.
func (s *StageRecord) OfferedOpsPerS() float64 { return perSecond(s.Offered, s.To-s.From) }

// AchievedOpsPerS is the rate of successes that were done within the stage.
func (s *StageRecord) AchievedOpsPerS() float64 {
	return perSecond(float64(s.Completed), s.To-s.From)
}

// perSecond is zero for a time without length.
func perSecond(n float64, length time.Duration) float64 {
	if length <= 0 {
		return 0
	}
	return n / length.Seconds()
}

// steps are the records of the stages of one recorder; none if there is only one
// stage, which is the window.
type steps struct {
	ends    []time.Duration // of the stages, counted from the start of the window
	records []OpRecord
}

func newSteps(stages Stages) steps {
	if len(stages) < 2 {
		return steps{}
	}
	s := steps{ends: stages.ends(), records: make([]OpRecord, len(stages))}
	for i := range s.records {
		s.records[i].Response, s.records[i].Lag = newHistogram(), newHistogram()
	}
	return s
}

// at returns the record of an instant, which counts from the start of the
// window; nil after the last stage. Stages are few.
func (s *steps) at(t time.Duration) *OpRecord {
	for i, end := range s.ends {
		if t < end {
			return &s.records[i]
		}
	}
	return nil
}

// mergeSteps adds records to stages, which it makes if there are none.
func mergeSteps(stages []StageRecord, records []OpRecord) []StageRecord {
	if stages == nil && len(records) > 0 {
		stages = make([]StageRecord, len(records))
	}
	for i := range records {
		stages[i].merge(&records[i])
	}
	return stages
}

// describe fills in what the schedule says of the stages of m.
func (s *Schedule) describe(m *Measurement) {
	from := time.Duration(0)
	for i, end := range s.Stages.ends() {
		if i >= len(m.Stages) {
			return
		}
		record, length := &m.Stages[i], m.Window.Duration()
		begin, stop := min(from, length), min(end, length)
		record.Stage = s.Stages[i]
		record.From, record.To = m.Window.From+begin, m.Window.From+stop
		record.Offered = s.Expected(begin, stop)
		from = end
	}
}
